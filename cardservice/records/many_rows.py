# SPDX-License-Identifier: Apache-2.0
"""Many rows at once, inserted where they are not there yet, or deleted: on PostgreSQL one statement with an array for each column.

A statement that lists every value costs the driver more to read than the database to run, and one statement a row costs a trip's work each.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, String, Table, bindparam, delete, text
from sqlalchemy.dialects import sqlite

MANY = 100  # rows; below, listing every value costs less


def insert_missing(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]], told: str
) -> list[Any]:
    """Insert the rows that no uniqueness refuses. Returns the column ``told`` of those that were, in no order. Raises IntegrityError."""
    if not rows:
        return []
    if connection.dialect.name == "postgresql":
        names = ", ".join(columns)
        statement = (
            f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({_arrays(connection, table, columns)}) "  # noqa: S608 - names of our tables
            f"ON CONFLICT DO NOTHING RETURNING {told}"
        )
        return list(connection.execute(text(statement), _values(connection, table, columns, rows)).scalars())
    insert = sqlite.insert(table).on_conflict_do_nothing().returning(table.c[told])
    return list(connection.execute(insert, [dict(zip(columns, row, strict=True)) for row in rows]).scalars())


def delete_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Delete the rows whose ``columns`` have these values."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        same = " AND ".join(f"{table.name}.{name} = gone.{name}" for name in columns)
        statement = (
            f"DELETE FROM {table.name} USING unnest({_arrays(connection, table, columns)}) "  # noqa: S608 - names of our tables
            f"AS gone({', '.join(columns)}) WHERE {same}"
        )
        connection.execute(text(statement), _values(connection, table, columns, rows))
        return
    wanted = [table.c[name] == bindparam(f"the_{name}", type_=table.c[name].type) for name in columns]
    values = [{f"the_{name}": value for name, value in zip(columns, row, strict=True)} for row in rows]
    connection.execute(delete(table).where(*wanted), values)


def _arrays(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    return ", ".join(f"CAST(:{name} AS {_kind(connection, table, name)}[])" for name in columns)


def _kind(connection: Connection, table: Table, name: str) -> str:
    kind = table.c[name].type.dialect_impl(connection.dialect)
    # A cast to a text of some length would cut what is longer; put into the column it is refused.
    is_text = isinstance(getattr(kind, "impl_instance", kind), String)
    return "TEXT" if is_text else kind.compile(connection.dialect)


def _values(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> dict[str, list[Any]]:
    """Column by column, as the column's own type gives them to the driver."""
    arrays: dict[str, list[Any]] = {}
    for name, values in zip(columns, zip(*rows, strict=True), strict=True):
        process = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        arrays[name] = list(values) if process is None else [process(value) for value in values]
    return arrays
