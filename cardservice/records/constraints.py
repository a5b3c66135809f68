# SPDX-License-Identifier: Apache-2.0
"""Which constraint refused a write, told the same way for both databases, and turned into a typed error."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

from sqlalchemy import Connection, Index, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from cardservice.records.columns import metadata
from cardservice.records.errors import ConstraintRefused, RecordsError

FOREIGN_KEY = "foreign-key"  # SQLite does not say which one

_SQLITE_COLUMNS = re.compile(r"UNIQUE constraint failed: (?P<columns>[\w., ]+)$")
_SQLITE_INDEX = re.compile(r"UNIQUE constraint failed: index '(?P<name>\w+)'$")
_SQLITE_CHECK = re.compile(r"CHECK constraint failed: (?P<name>\w+)$")


@contextmanager
def refusing(connection: Connection, errors: Mapping[str, RecordsError]) -> Iterator[None]:
    """Run writes inside a savepoint; a refused one raises the error that stands beside the constraint's name.

    The savepoint keeps the caller's transaction usable: PostgreSQL would refuse everything after an error without one.
    """
    try:
        with _sqlite_savepoint(connection) if connection.dialect.name == "sqlite" else connection.begin_nested():
            yield
    except IntegrityError as refused:
        name = violated(refused)
        raise errors.get(name) or ConstraintRefused(constraint=name) from None


@contextmanager
def _sqlite_savepoint(connection: Connection) -> Iterator[None]:
    """A savepoint by the driver itself: around a handful of rows the library's nested transaction costs as much as writing them."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("SAVEPOINT refusing")
    try:
        yield
    except BaseException:
        # Where SQLite has already given up the whole transaction there is nothing to go back to.
        if driver.in_transaction:
            driver.execute("ROLLBACK TO refusing")
            driver.execute("RELEASE refusing")
        raise
    driver.execute("RELEASE refusing")


@contextmanager
def refusing_one(connection: Connection, errors: Mapping[str, RecordsError]) -> Iterator[None]:
    """As refusing(), around a single statement with a single set of values.

    SQLite undoes a refused statement by itself and leaves the transaction usable, so that it needs no savepoint for one.
    """
    try:
        with nullcontext() if connection.dialect.name == "sqlite" else connection.begin_nested():
            yield
    except IntegrityError as refused:
        name = violated(refused)
        raise errors.get(name) or ConstraintRefused(constraint=name) from None


@contextmanager
def refusing_for_good(errors: Mapping[str, RecordsError]) -> Iterator[None]:
    """As refusing(), without a savepoint: for writes whose refusal ends the transaction, which the caller must not go on with."""
    try:
        yield
    except IntegrityError as refused:
        name = violated(refused)
        raise errors.get(name) or ConstraintRefused(constraint=name) from None


def violated(refused: IntegrityError) -> str:
    """The name of the constraint or unique index that refused; FOREIGN_KEY or "unknown" where the database does not say."""
    diagnosis = getattr(refused.orig, "diag", None)  # psycopg
    if diagnosis is not None:
        return str(diagnosis.constraint_name or "unknown")
    return violated_on_sqlite(str(refused.orig))


def violated_on_sqlite(message: str) -> str:
    """The constraint's name out of SQLite's words, which name columns where PostgreSQL names the constraint."""
    if match := _SQLITE_INDEX.search(message) or _SQLITE_CHECK.search(message):
        return match["name"]
    if match := _SQLITE_COLUMNS.search(message):
        return _unique_over(match["columns"])
    return FOREIGN_KEY if "FOREIGN KEY" in message else "unknown"


def _unique_over(listed: str) -> str:
    pairs = [column.strip().split(".") for column in listed.split(",")]
    table, columns = metadata.tables.get(pairs[0][0]), {pair[-1] for pair in pairs}
    if table is None:
        return "unknown"
    if {column.name for column in table.primary_key} == columns:
        return str(table.primary_key.name)
    uniques: list[UniqueConstraint | Index] = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    uniques += [each for each in table.indexes if each.unique]
    for unique in uniques:
        if {column.name for column in unique.columns} == columns:
            return str(unique.name)
    return "unknown"
