# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that no linter knows."""

import ast
import importlib
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
import applets
import cardservice
import hsm
import reader_tools
from cardservice.errors import KartuError
from cardservice.texts.catalogue import Language, catalogue, text

ROOT = Path(__file__).parents[2]
REFUSED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "base",
    "core",
    "service",
    "services",
}
MAX_LINES = 500
CLOCK_READERS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}
# Which optional dependency a module may lack on a machine without it.
OPTIONAL = {"smartcard", "pkcs11", "asyncpg", "psycopg"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def modules() -> Iterator[str]:
    for package in (cardservice, hsm, api, reader_tools, applets):
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            # A migration runs inside Alembic only; __main__ runs.
            if "migrations" not in found.name and not found.name.endswith("__main__"):
                yield found.name


def error_classes() -> set[type[KartuError]]:
    for name in modules():
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as lacking:
            if lacking.name is None or lacking.name.split(".")[0] not in OPTIONAL:
                raise
    found: set[type[KartuError]] = set()
    waiting: list[type[KartuError]] = [KartuError]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += [child for child in kind.__subclasses__() if child.__module__.split(".")[0] != "tests"]
    return {kind for kind in found if not kind.__module__.startswith(("tests", "test_"))}


def test_every_source_file_begins_with_its_licence() -> None:
    lacking = [
        path
        for path in tracked("*.py")
        if path.read_text().strip() and "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:120]
    ]
    assert lacking == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [path for path in tracked("*.py") if path.stem in REFUSED_NAMES or path.parent.name in REFUSED_NAMES] == []


def test_no_file_is_longer_than_a_person_reads() -> None:
    assert [path for path in tracked("*.py") if len(path.read_text().splitlines()) > MAX_LINES] == []


def test_every_exception_from_a_rule_has_its_reason() -> None:
    bare = re.compile(r"#\s*(?:noqa(?::\s*[A-Z0-9, ]+)?|type:\s*ignore\[[\w, -]+\]|pragma: no cover)\s*$")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []


def test_only_one_module_reads_the_clock() -> None:
    sources = tracked("cardservice/*.py", "hsm/*.py", "api/*.py", "reader_tools/*.py", "applets/*.py")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources
        if path != ROOT / "cardservice/clock.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in CLOCK_READERS
    ]
    assert found == []


def test_no_machine_and_no_registry_is_named() -> None:
    told = re.compile(
        r"/work/(?:main|shared)|/opt/wheels|/tmp/probe|https?://(?:pypi\.org|files\.pythonhosted\.org|deb\.debian\.org)"
    )
    text_files = [
        path
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".lock", ".sh", ".txt", ""} and path != Path(__file__)
    ]
    found = [path.relative_to(ROOT) for path in text_files if told.search(path.read_text(errors="replace"))]
    assert found == []


def test_no_two_errors_share_a_code() -> None:
    by_code: dict[str, list[type[KartuError]]] = {}
    for kind in error_classes():
        by_code.setdefault(kind.code, []).append(kind)
    assert {code: kinds for code, kinds in by_code.items() if len(kinds) > 1} == {}


def test_every_error_code_has_cause_and_remedy_in_both_languages() -> None:
    assert sorted(kind.code for kind in error_classes() if kind.code not in catalogue()) == []


def test_no_error_inherits_from_a_builtin_for_convenience() -> None:
    assert [
        kind for kind in error_classes() if issubclass(kind, ValueError | OSError | LookupError | RuntimeError)
    ] == []


def test_texts_fill_in_their_evidence_and_survive_without_it() -> None:
    words = text("texts-broken")
    assert "x.toml" in words.cause(Language.ENGLISH, {"file": "x.toml"})
    assert "?" in words.cause(Language.INDONESIAN)


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_texts_are_well_formed(code: str) -> None:
    words = catalogue()[code]
    for language in Language:
        assert words.cause(language).strip()
        assert words.remedy(language).strip()
