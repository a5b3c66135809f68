# SPDX-License-Identifier: Apache-2.0
"""The locks pin every package by hash, carry no address, and cover what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(\S+)(?: ;.*)?(?: \\)?$", re.IGNORECASE)


def pinned(lock: str) -> dict[str, str]:
    found = {}
    for line in (ROOT / lock).read_text().splitlines():
        if not line.startswith((" ", "#")) and line.strip():
            match = PINNED.match(line)
            assert match, f"{lock}: {line}"
            found[match[1].lower().replace("_", "-")] = match[2]
    return found


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[; ]", requirement)[0].lower() for requirement in requirements}


def test_all_four_locks_are_here() -> None:
    assert LOCKS == [
        "requirements-dev.lock",
        "requirements-oracle.lock",
        "requirements-readers.lock",
        "requirements.lock",
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert len(pinned(lock)) == len(re.findall(r"^\S+==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_carries_an_address(lock: str) -> None:
    assert not re.search(r"://|--index-url|--find-links| @ |file:|^-", (ROOT / lock).read_text(), re.MULTILINE)


def test_the_locks_cover_pyproject() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = told["project"]["optional-dependencies"]
    runtime = wanted(told["project"]["dependencies"]) | wanted(extras["postgres"])
    assert runtime <= set(pinned("requirements.lock"))
    assert runtime | wanted(extras["hsm"]) | wanted(told["dependency-groups"]["dev"]) <= set(
        pinned("requirements-dev.lock")
    )
    assert wanted(extras["readers"]) <= set(pinned("requirements-readers.lock"))


def test_what_runs_is_what_is_tested() -> None:
    tested = pinned("requirements-dev.lock")
    assert {name: version for name, version in pinned("requirements.lock").items() if tested[name] != version} == {}
