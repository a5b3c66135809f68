# SPDX-License-Identifier: Apache-2.0
"""Which migration a database stands at, which one this program needs, and the way from one to the other."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from cardservice.records.database import Database, open_database

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x4B4A53  # "KJS": one number for pg_advisory_xact_lock, so that two starting workers don't migrate at once


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """What ``kartu doctor`` shows. ``current`` is None for an empty database."""

    current: str | None
    needed: str

    @property
    def is_behind(self) -> bool:
        """Whether the database needs upgrade()."""
        return self.current != self.needed


@cache
def head() -> str:
    """The migration that this program needs: read from its files once."""
    needed = ScriptDirectory.from_config(_config()).get_current_head()
    assert needed is not None
    return needed


def current(engine: Engine) -> str | None:
    """The migration that a database stands at."""
    with Database(engine).read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def knows(migration: str) -> bool:
    """Whether this program has heard of a migration; of a newer program's it has not."""
    return any(known.revision == migration for known in ScriptDirectory.from_config(_config()).walk_revisions())


def version(database: Database) -> SchemaVersion:
    """Both."""
    return SchemaVersion(current(database.engine), head())


def upgrade(url: str) -> str:
    """Bring a database up to date, in one transaction; a second call finds nothing to do. Returns the migration it stands at then."""
    database = open_database(url)
    try:
        upgrade_database(database)
        return version(database).needed
    finally:
        database.close()


def upgrade_database(database: Database) -> None:
    """upgrade() over a database that is open."""
    with database.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        command.upgrade(_config(connection), "head")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
