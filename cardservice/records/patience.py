# SPDX-License-Identifier: Apache-2.0
"""How long a transaction waits for one that holds a row it needs, before it says so."""

from sqlalchemy import Connection, text

_PATIENCE = text("SELECT set_config('lock_timeout', :told, true)")


def wait_at_most(connection: Connection, milliseconds: int) -> None:
    """For the rest of this transaction, on PostgreSQL. SQLite has one writer, who was waited for when the transaction began (``Database.begin``)."""
    if connection.dialect.name == "postgresql":
        connection.execute(_PATIENCE, {"told": f"{milliseconds}ms"})
