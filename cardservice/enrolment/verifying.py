# SPDX-License-Identifier: Apache-2.0
"""A run of questions to the population registry: what it needs, what came of it so far, and writing each outcome down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cardservice.enrolment.errors import RegistryAnswerMalformed, RegistryError
from cardservice.enrolment.population_registry import PopulationRegistry, RegistryAnswer
from cardservice.enrolment.population_state import judged, may_follow
from cardservice.keys import BlindIndex, Sealer
from cardservice.records import audit_events, population_checks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.population_checks import PopulationAnswer, PopulationCheck, PopulationState

FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=3)
GIVE_UP_AFTER = 5  # unanswered questions in a row: the registry is down, not these people's data
_LABEL = b"population.answer|"

# A claimed question, and the answer or why there is none.
Outcome = tuple[PopulationCheck, RegistryAnswer | RegistryError]


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

    def take(self, verifying: Verifying, claim_id: str, outcomes: Sequence[Outcome]) -> None:
        """Write down what came of some claimed questions, in one transaction, and count it."""
        at = verifying.now()
        raw = [answer.raw_sha256 for _, answer in outcomes if isinstance(answer, RegistryAnswer)]
        # Asked before the transaction: no writer waits for the key process.
        evidence = iter(verifying.blind_index.blind_index([_LABEL + each for each in raw]) if raw else ())
        events, states = [], []
        with verifying.database.begin() as connection:
            for check, answer in outcomes:
                state = None if isinstance(answer, RegistryError) else judged(answer)
                kept = (
                    _postpone(connection, check, claim_id, at)
                    if isinstance(answer, RegistryError)
                    else _settle(connection, check, claim_id, answer, next(evidence), at)
                )
                states.append((kept, state))
                if kept and state is not None:
                    detail: dict[str, Json] = {"state": state.value}
                    events.append(AuditEvent("member.population", at, detail, member_id=check.member_id))
            audit_events.append(connection, events)
        for kept, state in states:
            self._count(kept=kept, state=state)
        for _, answer in outcomes:
            self._listen(answer)

    def _count(self, *, kept: bool, state: PopulationState | None) -> None:
        if not kept:
            self.dropped += 1
        elif state is None:
            self.postponed += 1
        elif state is PopulationState.VERIFIED:
            self.verified += 1
        else:
            self.mismatch += 1

    def _listen(self, answer: RegistryAnswer | RegistryError) -> None:
        """An answer that can't be read is about one person; silence is about the registry."""
        is_silence = isinstance(answer, RegistryError) and not isinstance(answer, RegistryAnswerMalformed)
        self.in_a_row = self.in_a_row + 1 if is_silence else 0
        if isinstance(answer, RegistryError) and self.in_a_row >= GIVE_UP_AFTER:
            self.stopped = answer


def _postpone(connection: Connection, check: PopulationCheck, claim_id: str, at: datetime) -> bool:
    attempts = check.attempts + 1
    return population_checks.postpone(
        connection, check.member_id, claim_id, attempts=attempts, due_at=next_try(attempts, at), at=at
    )


def _settle(
    connection: Connection,
    check: PopulationCheck,
    claim_id: str,
    answer: RegistryAnswer,
    evidence: bytes,
    at: datetime,
) -> bool:
    state = judged(answer)
    assert may_follow(check.state, state)  # only the provisional are claimed, by constraint
    verdicts: dict[str, Json] = {
        element.value: {"match": verdict.matches, "score": verdict.score}
        for element, verdict in answer.verdicts.items()
    }
    verdicts["nik"] = {"match": answer.nik_known, "score": None}
    kept = PopulationAnswer(state, verdicts, evidence, at)
    return population_checks.settle(connection, check.member_id, claim_id, kept)


def next_try(attempts: int, now: datetime) -> datetime:
    """When to ask again after so many attempts without an answer: twice as long each time, up to LONGEST_PAUSE."""
    doublings = min(attempts - 1, 10)
    return now + min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
