# SPDX-License-Identifier: Apache-2.0
"""Probe of the database: whether it answers, and whether its schema is the one this program needs."""

from pathlib import Path

from cardservice.records import schema
from cardservice.records.database import open_database, parse_address
from cardservice.records.errors import RecordsError
from reader_tools.probes.finding import Finding, Level, Part, trouble


def probe_database(url: str, bad: Level = Level.FAIL) -> Finding:
    """Compare the schema's version with ours. A SQLite file that is not there is not made by asking."""
    try:
        address = parse_address(url)
        if address.get_backend_name() == "sqlite" and not Path(str(address.database)).is_file():
            return Finding(Part.DATABASE, bad, "database-missing", {"database": address.database})
        database = open_database(url)
        try:
            current = schema.current(database.engine)
        finally:
            database.close()
    except RecordsError as error:
        return trouble(Part.DATABASE, error, bad)
    head = schema.head()
    evidence = {"current": current or "-", "head": head}
    if current == head:
        return Finding(Part.DATABASE, Level.OK, "database-ok", evidence)
    behind = current is None or schema.knows(current)
    return Finding(Part.DATABASE, bad, "database-behind" if behind else "database-ahead", evidence)
