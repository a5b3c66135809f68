# SPDX-License-Identifier: Apache-2.0
"""Probe of payment partners' names: two that were given one name before that was refused (decision 0182). Says nothing where there are none."""

from collections.abc import Iterator

from cardservice.records import name_clashes
from cardservice.records.database import open_database
from cardservice.records.errors import RecordsError
from reader_tools.probes.finding import Finding, Level, Part, trouble


def probe_partner_names(url: str, bad: Level = Level.FAIL) -> Iterator[Finding]:
    """Each partner under a name that is another's. For a database that is up to date."""
    database = open_database(url)
    try:
        with database.read() as connection:
            found = name_clashes.every(connection)
    except RecordsError as error:
        yield trouble(Part.DATABASE, error, bad)
        return
    finally:
        database.close()
    for clash in found:
        told = {"partner_id": clash.partner_id, "kind": clash.kind.value, "owner": clash.owner.value}
        yield Finding(Part.DATABASE, Level.WARN, "partner-name-shared", told)
