# SPDX-License-Identifier: Apache-2.0
"""Rules about files: licence, names, length, exceptions with their reasons, and nothing that tells of a machine or a registry."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, tracked

SPDX = "SPDX-License-Identifier: Apache-2.0"
# style.md: a drawer named so collects what nobody placed.
REFUSED_NAMES = re.compile(r"utils?|helpers?|common|misc|managers?|base|core|services?", re.IGNORECASE)
MAX_LINES = 500
CODE = (".py", ".sh", ".js", ".css", ".html", ".java", ".sql")
# An exception from a rule with nothing after it. (ruff refuses a bare noqa, mypy a bare ignore.)
UNREASONED = re.compile(r"#\s*(?:noqa(?::\s*[A-Z0-9, ]+)?|type:\s*ignore(?:\[[\w, -]+\])?|pragma:\s*no cover)\s*$")
ADDRESSES = re.compile(
    r"/work/|/opt/wheels|/tmp/(?:probe|brief|house)\b|/root/|find-links|extra-index-url"
    r"|(?:pypi|pythonhosted|npmjs|debian|maven)\.org/|proxy\.golang",
    re.IGNORECASE,
)
# Where such a word is the subject: the rule itself, and the tool that keeps them out.
ABOUT_ADDRESSES = {Path("tests/house/test_files.py"), Path("tests/house/test_locks.py"), Path("tools/lock")}


def without_own_line() -> tuple[str, ...]:
    """The patterns of REUSE.toml: files that can't carry a line of their own."""
    return tuple(tomllib.loads((ROOT / "REUSE.toml").read_text())["annotations"][0]["path"])


def lacks_licence(path: Path, head: str, excused: tuple[str, ...]) -> bool:
    if any(fnmatch(str(path), pattern.replace("**/", "*")) for pattern in excused) or path.name == "LICENSE":
        return False
    return SPDX not in head


def refused_name(path: Path) -> bool:
    return any(REFUSED_NAMES.fullmatch(part) for part in (*path.parent.parts, path.stem))


def unreasoned(text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if UNREASONED.search(line)]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def test_every_file_begins_with_its_licence() -> None:
    excused = without_own_line()
    assert [
        str(path) for path in tracked() if lacks_licence(path, "\n".join(read(path).splitlines()[:3]), excused)
    ] == []


def test_no_file_and_no_folder_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in tracked() if refused_name(path)] == []


def test_no_file_is_longer_than_a_person_reads() -> None:
    assert [
        f"{path}: {count}"
        for path in tracked()
        if path.suffix in CODE and (count := len(read(path).splitlines())) > MAX_LINES
    ] == []


def test_every_exception_from_a_rule_has_its_reason() -> None:
    assert [f"{path}:{number}" for path in tracked("*.py") for number in unreasoned(read(path))] == []


def test_no_machine_and_no_registry_is_named() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path not in ABOUT_ADDRESSES
        for number, line in enumerate(read(path).splitlines(), 1)
        if ADDRESSES.search(line)
    ]
    assert found == []


def test_packages_hold_no_code_in_their_init() -> None:
    """style.md: a docstring, at most re-exports."""
    heavy = re.compile(r"^(?!from |import |__all__|#|\"\"\"|\)|\]| |$)", re.MULTILINE)
    found = [str(path) for path in tracked("*/__init__.py") if heavy.search(re.sub(r'"""[\s\S]*?"""', "", read(path)))]
    assert found == []


# Sabotage controls: each rule sees what it is there for.


@pytest.mark.parametrize("name", ["cardservice/utils.py", "hsm/core/keys.py", "api/Service.py", "tests/x/helpers.py"])
def test_a_name_that_says_nothing_is_seen(name: str) -> None:
    assert refused_name(Path(name))


@pytest.mark.parametrize("name", ["cardservice/records/base32.py", "cardservice/errors.py", "hsm/keys/key_store.py"])
def test_a_name_that_says_something_is_not(name: str) -> None:
    assert not refused_name(Path(name))


@pytest.mark.parametrize(
    "line",
    ["x = 1  # noqa: S105", "x = 1  # noqa: S105, E501", "x()  # type: ignore[arg-type]", "if x:  # pragma: no cover"],
)
def test_an_exception_without_reason_is_seen(line: str) -> None:
    assert unreasoned(line) == [1]


@pytest.mark.parametrize(
    "line", ["x = 1  # noqa: S105 - a name", "x()  # type: ignore[arg-type]  # their stub is wrong"]
)
def test_an_exception_with_reason_is_not(line: str) -> None:
    assert unreasoned(line) == []


def test_a_file_without_licence_is_seen() -> None:
    excused = without_own_line()
    assert lacks_licence(Path("hsm/new.py"), '"""A file."""', excused)
    assert lacks_licence(Path("new_script"), "#!/bin/sh\n# no licence", excused)
    assert not lacks_licence(Path("tests/vectors/deep/x.json"), "{}", excused)


@pytest.mark.parametrize(
    "line", ["see https://pypi.org/simple", "/work/main/x", "--find-links wheels", "/opt/wheels/x.whl"]
)
def test_an_address_is_seen(line: str) -> None:
    assert ADDRESSES.search(line)
