# SPDX-License-Identifier: Apache-2.0
"""A run of questions to the population registry: what it needs, what came of it so far, and writing each outcome down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cardservice.enrolment.errors import RegistryAnswerMalformed, RegistryError
from cardservice.enrolment.population_registry import PopulationRegistry, RegistryAnswer
from cardservice.enrolment.population_state import judged, may_follow
from cardservice.keys import BlindIndex, Sealer
from cardservice.records import audit_events, population_checks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.database import Database
from cardservice.records.population_checks import PopulationAnswer, PopulationCheck, PopulationState

FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=3)
GIVE_UP_AFTER = 5  # unanswered questions in a row: the registry is down, not these people's data


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

    def take(
        self, verifying: Verifying, check: PopulationCheck, claim_id: str, answer: RegistryAnswer | RegistryError
    ) -> None:
        """Write down what came of one claimed question, and count it."""
        if isinstance(answer, RegistryError):
            self._postpone(verifying, check, claim_id)
            # An answer that can't be read is about one person; silence is about the registry.
            self.in_a_row = 0 if isinstance(answer, RegistryAnswerMalformed) else self.in_a_row + 1
            if self.in_a_row >= GIVE_UP_AFTER:
                self.stopped = answer
            return
        self.in_a_row = 0
        self._settle(verifying, check, claim_id, answer)

    def _postpone(self, verifying: Verifying, check: PopulationCheck, claim_id: str) -> None:
        at, attempts = verifying.now(), check.attempts + 1
        with verifying.database.begin() as connection:
            kept = population_checks.postpone(
                connection, check.member_id, claim_id, attempts=attempts, due_at=next_try(attempts, at), at=at
            )
        if kept:
            self.postponed += 1
        else:
            self.dropped += 1

    def _settle(self, verifying: Verifying, check: PopulationCheck, claim_id: str, answer: RegistryAnswer) -> None:
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
            self.dropped += 1
        elif state is PopulationState.VERIFIED:
            self.verified += 1
        else:
            self.mismatch += 1


def next_try(attempts: int, now: datetime) -> datetime:
    """When to ask again after so many attempts without an answer: twice as long each time, up to LONGEST_PAUSE."""
    doublings = min(attempts - 1, 10)
    return now + min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
