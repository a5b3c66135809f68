# SPDX-License-Identifier: Apache-2.0
"""``verify_granted``: ask about a whole list of members whose values two officers have granted to be opened, portion by portion.

Of each portion: the questions that are due are claimed and the intent to open is written (one transaction); the portion is opened, once; those
claimed are asked about, several at a time, and each outcome is written. Broken off anywhere, it is started again with the same grant: portions
that are done or used up are passed over, nobody is asked about twice, and who is left stays due for another grant or the slow run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cardservice.enrolment.ask_together import ask_together
from cardservice.enrolment.asked_data import asked_contexts, asked_person, asked_values
from cardservice.enrolment.errors import PendingListForeign
from cardservice.enrolment.verify_pending import BATCH, LEASE
from cardservice.enrolment.verifying import Verifying, VerifyReport
from cardservice.keys import GrantedPortion
from cardservice.records import audit_events, enrolments, members, population_checks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.database import Database
from cardservice.records.population_checks import PopulationCheck
from cardservice.records.sealing_context import row_of

FEW = 500  # members in one query


# Opens a portion's values; None where its grant was used before.
OpenPortion = Callable[[GrantedPortion, Sequence[bytes]], list[bytes] | None]


@dataclass(slots=True)
class GrantedReport:
    """What came of a run under a grant. Portions: opened now, done or used before, not yet to be opened, ended. ``left``: of the list, still due."""

    members: VerifyReport = field(default_factory=VerifyReport)
    opened: int = 0
    passed_over: int = 0
    not_yet: int = 0
    ended: int = 0
    left: int = 0


def pending_contexts(database: Database, now: datetime, limit: int) -> Iterator[str]:
    """The contexts of everyone who is due, longest due first, at most ``limit`` members: the list that officers sign. No NIK, no name."""
    with database.read() as connection:
        due = population_checks.due(connection, now, limit)
    for member_id in due:
        yield from asked_contexts(member_id)


def verify_granted(
    verifying: Verifying,
    portions: Sequence[GrantedPortion],
    open_portion: OpenPortion,
    *,
    at_once: int,
    on_asked: Callable[[int], None] = lambda _: None,
) -> GrantedReport:
    """Work through the portions; ``at_once`` questions are under way at a time.

    Raises PendingListForeign for a list of other things than members' values, and what keys and database raise.
    """
    report = GrantedReport()
    listed = [_members_of(portion) for portion in portions]
    for portion, member_ids in zip(portions, listed, strict=True):
        now = verifying.now()
        if now >= portion.ends_at:
            report.ended += 1
        elif now < portion.opens_at:
            report.not_yet += 1
        elif report.members.stopped is None:
            _work_through(_Portion(verifying, portion, member_ids, at_once), open_portion, report, on_asked)
    with verifying.database.read() as connection:
        everybody = [each for ids in listed for each in ids]
        for begin in range(0, len(everybody), FEW):
            report.left += population_checks.count_due(connection, verifying.now(), everybody[begin : begin + FEW])
    return report


@dataclass(frozen=True, slots=True)
class _Portion:
    verifying: Verifying
    granted: GrantedPortion
    member_ids: Sequence[str]
    at_once: int

    def claimed(self, claim_id: str) -> tuple[PopulationCheck, ...]:
        """Claim what is due of it, and write down who allowed it to be opened; nothing where nobody is due."""
        at = self.verifying.now()
        batches = -(-len(self.member_ids) // (BATCH * self.at_once))
        detail: dict[str, Json] = {"values": len(self.granted.contexts), "officers": list(self.granted.officers)}
        with self.verifying.database.begin() as connection:
            found = population_checks.claim_of(
                connection, self.member_ids, claim_id=claim_id, now=at, until=at + LEASE * batches
            )
            if found:
                audit_events.append(
                    connection, [AuditEvent("members.opened-by-grant", at, {**detail, "due": len(found)})]
                )
        return found

    def sealed(self) -> list[bytes]:
        """The sealed values, in the order that was granted, as they are now."""
        with self.verifying.database.read() as connection:
            found = [asked_values(each) for each in members.get_all(connection, self.member_ids)]
        values = {context: sealed for each in found for context, sealed in each.items()}
        if not values.keys() >= set(self.granted.contexts):
            raise PendingListForeign
        return [values[context] for context in self.granted.contexts]

    def regions(self) -> dict[str, str | None]:
        """Where the lists said that they live."""
        with self.verifying.database.read() as connection:
            return {each: by.region for each, by in enrolments.of_members(connection, self.member_ids).items()}


def _work_through(
    portion: _Portion,
    open_portion: OpenPortion,
    report: GrantedReport,
    on_asked: Callable[[int], None],
) -> None:
    verifying, claim_id = portion.verifying, portion.verifying.new_id()
    claimed = portion.claimed(claim_id)
    if not claimed:
        report.passed_over += 1
        return
    try:
        # Read after the claim: data that change from now on take the claim away.
        values = open_portion(portion.granted, portion.sealed())
        if values is None:
            report.passed_over += 1
            return
        opened = dict(zip(portion.granted.contexts, values, strict=True))
        regions = portion.regions()
        people = [asked_person(check.member_id, opened, regions.get(check.member_id)) for check in claimed]
        report.opened += 1
        taken = 0
        for answers in ask_together(verifying.registry, people, portion.at_once):
            some = claimed[taken : taken + len(answers)]
            report.members.take(verifying, claim_id, list(zip(some, answers, strict=True)))
            taken += len(answers)
            on_asked(report.members.asked)
            if report.members.stopped is not None:
                break
    finally:
        with verifying.database.begin() as connection:
            population_checks.release(connection, claim_id, portion.member_ids, verifying.now())


def _members_of(portion: GrantedPortion) -> tuple[str, ...]:
    """Whose values a portion is about, each once, in order."""
    found = tuple(dict.fromkeys(map(row_of, portion.contexts)))
    if not set(portion.contexts) == {context for each in found for context in asked_contexts(each)}:
        raise PendingListForeign
    return found
