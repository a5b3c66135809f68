# SPDX-License-Identifier: Apache-2.0
"""``take_in``: the packs of this program's folder as they are known here, each since the moment at which a program first read it (decision 0184).

Every program that decides or prices over records begins with it, so that no pack decides before it is written down.
"""

from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.errors import RulePackAltered, RulePackGone
from cardservice.coverage.civil_time import civil_day, day_begins
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.records import taken_packs
from cardservice.records.audit_events import AuditEvent
from cardservice.records.database import Database
from cardservice.records.taken_packs import TakenPack


def take_in(database: Database, packs: PacksInForce, at: datetime) -> PacksInForce:
    """Write down which packs are new here. Raises RulePackAltered where a number was another document's, RulePackGone where one that began is missing.

    The first that a database hears of have been known since their own day: they decided before anybody kept account of it.
    """
    with database.read() as connection:
        known = taken_packs.every(connection)
    numbers = {each.number for each in known}
    if any(pack.rules.number not in numbers for pack in packs.packs):
        _write_down(database, packs, at)
        with database.read() as connection:
            known = taken_packs.every(connection)
    refuse_altered(packs, known)
    refuse_gone(packs, known, at)
    return PacksInForce.of(packs.packs, {each.number: each.known_from for each in known})


def refuse_altered(packs: PacksInForce, known: tuple[TakenPack, ...]) -> None:
    """Raises RulePackAltered: what was decided under a number names a document that is another now."""
    written = {each.number: each for each in known}
    for pack in packs.packs:
        earlier = written.get(pack.rules.number)
        if earlier is not None and earlier.sha256 != pack.sha256:
            raise RulePackAltered(number=pack.rules.number, name=pack.name, known_from=earlier.known_from.isoformat())


def refuse_gone(packs: PacksInForce, known: tuple[TakenPack, ...], at: datetime) -> None:
    """Raises RulePackGone: whoever takes the newest pack out of the folder brings the earlier rules back. One whose day is to come may be withdrawn."""
    there, today = {pack.rules.number for pack in packs.packs}, civil_day(at)
    for one in known:
        if one.number not in there and one.dated <= today:
            raise RulePackGone(number=one.number, name=one.name, dated=one.dated.isoformat())


def _write_down(database: Database, packs: PacksInForce, at: datetime) -> None:
    with database.begin() as connection:
        is_first = not taken_packs.every(connection)
        rows = [
            TakenPack(
                pack.rules.number,
                pack.name,
                pack.dated,
                pack.sha256,
                min(day_begins(pack.dated), at) if is_first else at,
                at,
            )
            for pack in packs.packs
        ]
        events = [
            AuditEvent(
                "rules.taken-in",
                at,
                {"rule_pack": row.number, "name": row.name, "known_from": row.known_from.isoformat()},
            )
            for row in taken_packs.add(connection, rows)
        ]
        if events:
            record(connection, *events)
