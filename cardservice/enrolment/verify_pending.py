# SPDX-License-Identifier: Apache-2.0
"""``verify_pending``: ask the population registry about everyone whose question is due. Safe to run twice at once, and after a crash.

Each question is claimed (intent), asked, and settled (outcome). The claim runs out by itself; an answer whose claim is gone is dropped.
Without an answer the question waits longer each time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cardservice.enrolment.errors import RegistryAnswerMalformed, RegistryError
from cardservice.enrolment.personal_data import birth_date_context, name_context, nik_context
from cardservice.enrolment.population_registry import Person, PopulationRegistry, RegistryAnswer
from cardservice.enrolment.population_state import judged, may_follow
from cardservice.keys import BlindIndex, Sealer
from cardservice.records import audit_events, members, population_checks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.database import Database
from cardservice.records.population_checks import PopulationAnswer, PopulationCheck, PopulationState

BATCH = 20  # questions claimed at once
LEASE = timedelta(minutes=10)  # longer than a batch takes at the slowest
FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=3)
GIVE_UP_AFTER = 5  # unanswered questions in a row: the registry is down, not these people's data
REASON = "population registry"


@dataclass(frozen=True, slots=True)
class Verifying:
    """Everything that a run needs. ``new_id`` gives random 128-bit identifiers as 32 hexadecimal digits."""

    database: Database
    registry: PopulationRegistry
    sealer: Sealer
    blind_index: BlindIndex
    new_id: Callable[[], str]
    now: Callable[[], datetime]


@dataclass(slots=True)
class VerifyReport:
    """What came of one run, in members; ``stopped`` is the last error where the registry seems to be down."""

    verified: int = 0
    mismatch: int = 0
    postponed: int = 0
    dropped: int = 0  # answers whose claim was gone
    stopped: RegistryError | None = None
    in_a_row: int = 0  # questions without an answer, up to now

    @property
    def asked(self) -> int:
        """All questions."""
        return self.verified + self.mismatch + self.postponed + self.dropped


def verify_pending(
    verifying: Verifying, *, limit: int | None = None, on_asked: Callable[[int], None] = lambda _: None
) -> VerifyReport:
    """Ask about everyone who is due when it begins, at most ``limit``. ``on_asked`` hears how many were asked so far.

    Raises what keys and database raise; what the registry does wrong is in the report.
    """
    report = VerifyReport()
    began = verifying.now()
    while limit is None or report.asked < limit:
        most = BATCH if limit is None else min(BATCH, limit - report.asked)
        claim_id = verifying.new_id()
        with verifying.database.begin() as connection:
            claimed = population_checks.claim(
                connection, claim_id=claim_id, now=began, until=verifying.now() + LEASE, limit=most
            )
        if not claimed:
            break
        for check in claimed:
            _ask(verifying, check, claim_id, report)
            on_asked(report.asked)
            if report.stopped is not None:
                return report  # the claims on the others run out by themselves
    return report


def next_try(attempts: int, now: datetime) -> datetime:
    """When to ask again after so many attempts without an answer: twice as long each time, up to LONGEST_PAUSE."""
    doublings = min(attempts - 1, 10)
    return now + min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _ask(verifying: Verifying, check: PopulationCheck, claim_id: str, report: VerifyReport) -> None:
    try:
        answer = verifying.registry.ask(_person(verifying, check.member_id))
    except RegistryError as failed:
        _postpone(verifying, check, claim_id, report)
        # An answer that can't be read is about one person; silence is about the registry.
        report.in_a_row = 0 if isinstance(failed, RegistryAnswerMalformed) else report.in_a_row + 1
        if report.in_a_row >= GIVE_UP_AFTER:
            report.stopped = failed
        return
    report.in_a_row = 0
    _settle(verifying, check, claim_id, answer, report)


def _person(verifying: Verifying, member_id: str) -> Person:
    with verifying.database.read() as connection:
        member = members.get(connection, member_id)

    def opened(context: str, sealed: bytes) -> str:
        return verifying.sealer.unseal(context, sealed, reason=REASON).decode()

    return Person(
        opened(nik_context(member_id), member.nik_sealed),
        opened(name_context(member_id), member.name_sealed),
        date.fromisoformat(opened(birth_date_context(member_id), member.birth_date_sealed)),
    )


def _postpone(verifying: Verifying, check: PopulationCheck, claim_id: str, report: VerifyReport) -> None:
    at, attempts = verifying.now(), check.attempts + 1
    with verifying.database.begin() as connection:
        kept = population_checks.postpone(
            connection, check.member_id, claim_id, attempts=attempts, due_at=next_try(attempts, at), at=at
        )
    if kept:
        report.postponed += 1
    else:
        report.dropped += 1


def _settle(
    verifying: Verifying, check: PopulationCheck, claim_id: str, answer: RegistryAnswer, report: VerifyReport
) -> None:
    state, at = judged(answer), verifying.now()
    assert may_follow(check.state, state)  # only the provisional are claimed, by constraint
    verdicts: dict[str, Json] = {
        element.value: {"match": verdict.matches, "score": verdict.score}
        for element, verdict in answer.verdicts.items()
    }
    verdicts["nik"] = {"match": answer.nik_known, "score": None}
    (evidence,) = verifying.blind_index.blind_index([b"population.answer|" + answer.raw_sha256])
    with verifying.database.begin() as connection:
        kept = population_checks.settle(
            connection, check.member_id, claim_id, PopulationAnswer(state, verdicts, evidence, at)
        )
        if kept:
            event = AuditEvent("member.population", at, {"state": state.value}, member_id=check.member_id)
            audit_events.append(connection, [event])
    if not kept:
        report.dropped += 1
    elif state is PopulationState.VERIFIED:
        report.verified += 1
    else:
        report.mismatch += 1
