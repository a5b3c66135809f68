# SPDX-License-Identifier: Apache-2.0
"""Many rows into one table in one go: COPY on PostgreSQL, one prepared INSERT on SQLite. Constraints hold as for any other write."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

from cardservice.records.constraints import FOREIGN_KEY, violated
from cardservice.records.errors import ConstraintRefused

FEW = 8  # below this a COPY costs more than it saves


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, each with a value for each of the columns. Raises ConstraintRefused, with the name of the constraint that refused one.

    It makes no savepoint: after an error PostgreSQL's transaction is lost unless the caller made one.
    """
    if not rows:
        return
    try:
        if connection.dialect.name != "postgresql" or len(rows) < FEW:
            connection.execute(table.insert(), [dict(zip(columns, row, strict=True)) for row in rows])
        else:
            _copy(connection, table, columns, rows)
    except IntegrityError as refused:
        raise ConstraintRefused(constraint=violated(refused)) from None


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    dialect = connection.dialect
    # The column's own type turns a value into what the driver takes, as for an INSERT.
    found = ((place, table.c[name].type.dialect_impl(dialect)) for place, name in enumerate(columns))
    processors = [(place, process) for place, kind in found if (process := kind.bind_processor(dialect)) is not None]
    names = ", ".join(dialect.identifier_preparer.quote(name) for name in columns)
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                values = list(row)
                for place, process in processors:
                    values[place] = process(values[place])
                copy.write_row(values)
    except dialect.loaded_dbapi.IntegrityError as refused:
        name = getattr(getattr(refused, "diag", None), "constraint_name", None)
        raise ConstraintRefused(constraint=name or FOREIGN_KEY) from None
