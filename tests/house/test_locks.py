# SPDX-License-Identifier: Apache-2.0
"""The locks: every package pinned by hash, no address in them, and exactly what pyproject.toml asks for, with all that needs in turn."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.checkout import ROOT, tracked

LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
ENTRY = re.compile(
    r"^(?P<asked>\S+==\S+(?: ; [^\\]+)?) \\$(?P<hashes>(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?$)+)", re.MULTILINE
)
ADDRESS = re.compile(r"://|--index-url|--find-links|--trusted-host| @ |file:|^-|^/|\.whl|\.tar", re.MULTILINE)
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
RUNTIME: list[str] = PROJECT["project"]["dependencies"] + EXTRAS["postgres"] + EXTRAS["hsm"]
DEVELOPMENT: list[str] = RUNTIME + PROJECT["dependency-groups"]["dev"]


def pinned(lock: str) -> dict[str, Requirement]:
    entries = (Requirement(match["asked"]) for match in ENTRY.finditer((ROOT / lock).read_text()))
    return {canonicalize_name(entry.name): entry for entry in entries}


def version(entry: Requirement) -> str:
    (only,) = entry.specifier
    return only.version


def unmet(wanted: list[str], lock: str) -> list[str]:
    """Which requirements the lock does not satisfy: the package is absent or its version is outside of the bounds."""
    have = pinned(lock)
    found = []
    for asked in map(Requirement, wanted):
        entry = have.get(canonicalize_name(asked.name))
        if entry is None or version(entry) not in asked.specifier:
            found.append(str(asked))
    return found


def needed_here(entry: Requirement) -> bool:
    return entry.marker is None or entry.marker.evaluate()


def test_every_lock_has_its_purpose() -> None:
    assert LOCKS == [
        "requirements-dev.lock",
        "requirements-oracle.lock",
        "requirements-readers.lock",
        "requirements.lock",
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_hash_pinned_entries_and_nothing_else(lock: str) -> None:
    left = ENTRY.sub("", (ROOT / lock).read_text())
    assert [line for line in left.splitlines() if line.strip() and not line.startswith("#")] == []
    assert pinned(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_carries_an_address(lock: str) -> None:
    assert ADDRESS.findall((ROOT / lock).read_text()) == []


def test_no_lock_with_addresses_is_tracked() -> None:
    assert [
        path
        for path in tracked()
        if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "pip.conf"}
    ] == []


def test_the_locks_are_what_pyproject_asks_for() -> None:
    assert unmet(RUNTIME, "requirements.lock") == []
    assert unmet(DEVELOPMENT, "requirements-dev.lock") == []
    assert unmet(EXTRAS["readers"], "requirements-readers.lock") == []


def test_what_runs_is_what_is_tested() -> None:
    tested = pinned("requirements-dev.lock")
    assert [name for name, entry in pinned("requirements.lock").items() if str(entry) != str(tested.get(name))] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_all_that_its_packages_need(lock: str) -> None:
    """Asked of what is installed here: each requirement of each package, on this Python and this machine, is an entry too."""
    have = pinned(lock)
    absent = set()
    for name, entry in have.items():
        if not needed_here(entry):
            continue
        for asked in map(Requirement, distribution(name).requires or []):
            environments: list[dict[str, str]] = [{"extra": extra} for extra in ("", *entry.extras)]
            if asked.marker is None or any(asked.marker.evaluate(environment) for environment in environments):
                needed = have.get(canonicalize_name(asked.name))
                # pip looks for another version of "coverage[toml]" where only "coverage" is pinned by hash.
                if needed is None or version(needed) not in asked.specifier or not asked.extras <= needed.extras:
                    absent.add(f"{name} needs {asked}")
    assert absent == set()


def test_what_is_installed_here_is_what_is_locked() -> None:
    other = {}
    for name, entry in pinned("requirements-dev.lock").items():
        try:
            installed = distribution(name).version
        except PackageNotFoundError:
            installed = "-"
        if needed_here(entry) and installed != version(entry):
            other[name] = f"{installed}, locked {version(entry)}: ./check installs it"
    assert other == {}


# Sabotage controls.


def test_a_requirement_that_the_lock_does_not_meet_is_seen() -> None:
    assert unmet(["nobody-has-this>=1"], "requirements.lock") == ["nobody-has-this>=1"]
    assert unmet(["fastapi>=999"], "requirements.lock") == ["fastapi>=999"]


@pytest.mark.parametrize(
    "line", ["--index-url https://x/simple", "x @ file:///a/x.whl", "-e .", "--find-links wheels", "/a/x.tar.gz"]
)
def test_an_address_in_a_lock_is_seen(line: str) -> None:
    assert ADDRESS.search(f"fastapi==1 \\\n    --hash=sha256:00\n{line}\n")
