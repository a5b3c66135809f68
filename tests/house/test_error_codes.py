# SPDX-License-Identifier: Apache-2.0
"""Every error of kartu has a code of its own, and every code its words in both languages."""

import importlib
from collections.abc import Iterator

import pytest

from cardservice.errors import KartuError
from cardservice.texts.catalogue import catalogue
from tests.house.checkout import PACKAGES, product

# A module may lack an optional dependency on a machine without it (extras of pyproject.toml).
OPTIONAL = {"smartcard", "pkcs11", "reportlab", "asyncpg", "psycopg"}


def modules() -> Iterator[str]:
    for path in product():
        # A migration is run by Alembic only, and __main__ runs.
        if "migrations" not in path.parts and path.stem != "__main__":
            yield ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def descendants(kind: type[KartuError]) -> Iterator[type[KartuError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


@pytest.fixture(scope="module")
def errors() -> set[type[KartuError]]:
    for name in modules():
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as lacking:
            if (lacking.name or "").split(".")[0] not in OPTIONAL:
                raise
    # Tests have errors of their own.
    return {kind for kind in descendants(KartuError) if kind.__module__.split(".")[0] in PACKAGES}


def test_there_are_errors_in_every_package(errors: set[type[KartuError]]) -> None:
    assert {kind.__module__.split(".")[0] for kind in errors} == set(PACKAGES)


def test_every_error_has_a_code_of_its_own(errors: set[type[KartuError]]) -> None:
    assert sorted(kind.__qualname__ for kind in errors if "code" not in vars(kind)) == []
    by_code: dict[str, list[str]] = {}
    for kind in errors:
        by_code.setdefault(kind.code, []).append(f"{kind.__module__}.{kind.__qualname__}")
    assert {code: kinds for code, kinds in by_code.items() if len(kinds) > 1} == {}


def test_codes_are_words_with_hyphens(errors: set[type[KartuError]]) -> None:
    assert (
        sorted(
            kind.code
            for kind in errors
            if not all(part.isalnum() and part == part.lower() for part in kind.code.split("-"))
        )
        == []
    )


def test_every_code_has_cause_and_remedy_in_both_languages(errors: set[type[KartuError]]) -> None:
    assert sorted(kind.code for kind in errors if kind.code not in catalogue()) == []


def test_no_error_inherits_from_a_builtin_for_convenience(errors: set[type[KartuError]]) -> None:
    convenient = (ValueError, OSError, LookupError, RuntimeError, ArithmeticError)
    assert sorted(kind.__qualname__ for kind in errors if issubclass(kind, convenient)) == []


def test_every_room_keeps_its_errors_in_one_place(errors: set[type[KartuError]]) -> None:
    # errors.py, or a package errors/ with a file for each thing that is refused and the tree at its head.
    elsewhere = {kind.__qualname__: kind.__module__ for kind in errors if "errors" not in kind.__module__.split(".")}
    # The catalogue's own is about the catalogue, and texts are no room.
    assert elsewhere == {"TextsBroken": "cardservice.texts.catalogue"}
