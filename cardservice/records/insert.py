# SPDX-License-Identifier: Apache-2.0
"""INSERT that says what becomes of a conflict (ON CONFLICT): in the same words on both databases, yet a statement of its own for each."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert
# By the name of the database's dialect: for statements that are built once.
INSERT: Mapping[str, Callable[[Table], Insert]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def insert_into(connection: Connection, table: Table) -> Insert:
    """An INSERT for the database of this connection."""
    return INSERT[connection.dialect.name](table)
