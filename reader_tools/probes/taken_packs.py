# SPDX-License-Identifier: Apache-2.0
"""Probe of rule packs against the records: altered under their number, gone from the folder, or known here only after their day."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cardservice.collection.errors import RulePackAltered, RulePackGone
from cardservice.collection.packs_taken_in import refuse_altered
from cardservice.coverage.civil_time import civil_day
from cardservice.coverage.errors import RulePackFileRefused
from cardservice.coverage.late_packs import late_packs
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.records import taken_packs
from cardservice.records.database import open_database
from cardservice.records.errors import RecordsError
from cardservice.rule_folder import load_rule_packs
from reader_tools.probes.finding import Finding, Level, Part, trouble

NEWS = timedelta(days=92)  # for so long a pack that came late is a warning


def probe_taken_packs(
    folder: Path | None, key: Path | None, url: str, now: datetime, bad: Level = Level.FAIL
) -> Iterator[Finding]:
    """Nothing where folder and records agree and no pack came late. For a folder that is taken and a database that is up to date; writes nothing."""
    database = open_database(url)
    try:
        packs = load_rule_packs(folder, key)
        with database.read() as connection:
            known = taken_packs.every(connection)
        refuse_altered(packs, known)
    except (RulePackFileRefused, RulePackAltered, RecordsError) as error:
        yield trouble(Part.RULES, error, bad)
        return
    finally:
        database.close()
    there = {pack.rules.number for pack in packs.packs}
    for gone in (each for each in known if each.number not in there):
        told = {"name": gone.name, "number": gone.number, "dated": gone.dated.isoformat()}
        has_begun = gone.dated <= civil_day(now)
        yield Finding(
            Part.RULES,
            bad if has_begun else Level.WARN,
            RulePackGone.code if has_begun else "rules-gone",
            told,
        )
    for late in late_packs(PacksInForce.of(packs.packs, {each.number: each.known_from for each in known})):
        told = {
            "name": late.pack.name,
            "number": late.pack.rules.number,
            "dated": late.pack.dated.isoformat(),
            "known_from": late.known_from.isoformat(),
            "before": late.before.number,
            "months": len(late.moments),
        }
        yield Finding(Part.RULES, Level.WARN if now - late.known_from < NEWS else Level.OK, "rules-late", told)
