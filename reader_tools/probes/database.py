# SPDX-License-Identifier: Apache-2.0
"""Probe of the database: whether it answers, and whether its schema is the one this program needs."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import cardservice.records
from cardservice.records.database import open_database, parse_address
from cardservice.records.errors import RecordsError
from reader_tools.probes.finding import Finding, Level, Part, trouble

MIGRATIONS = Path(cardservice.records.__file__).parent / "migrations"


def probe_database(url: str, bad: Level = Level.FAIL) -> Finding:
    """Compare the schema's revision with ours. A SQLite file that is not there is not made by asking."""
    try:
        address = parse_address(url)
        if address.get_backend_name() == "sqlite" and not Path(str(address.database)).is_file():
            return Finding(Part.DATABASE, bad, "database-missing", {"database": address.database})
        current, head, known = _revisions(url)
    except RecordsError as error:
        return trouble(Part.DATABASE, error, bad)
    evidence = {"current": current or "-", "head": head or "-"}
    if current == head:
        return Finding(Part.DATABASE, Level.OK, "database-ok", evidence)
    return Finding(Part.DATABASE, bad, "database-behind" if known else "database-ahead", evidence)


def _revisions(url: str) -> tuple[str | None, str | None, bool]:
    """The database's revision, ours, and whether we know the database's."""
    script = ScriptDirectory(str(MIGRATIONS))
    database = open_database(url)
    try:
        with database.read() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        database.close()
    known = current is None or any(revision.revision == current for revision in script.walk_revisions())
    return current, script.get_current_head(), known
