# SPDX-License-Identifier: Apache-2.0
"""What a verification asks of the database: put a challenge, answer it once, append what was decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cardservice.records.audit_events import AuditEvent, AuditPosition
from cardservice.records.challenges import Challenge
from cardservice.records.standing import CardStanding
from cardservice.records.verifications import Verification


class ChallengeRefusal(StrEnum):
    """Why a challenge can't be answered. Somebody else's challenge is UNKNOWN, like one that never was."""

    UNKNOWN = "UNKNOWN"
    USED = "USED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Answered:
    """The challenge was open and is used now. ``standing`` is None where no card of ours has this key."""

    challenge: Challenge
    standing: CardStanding | None

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """The challenge stays as it was."""

    reason: ChallengeRefusal

    def __bool__(self) -> bool:
        return False


class VerificationStore(Protocol):
    """One contract, tested on both databases. Every call is one transaction, durable when it returns."""

    async def create_challenge(self, challenge: Challenge) -> None:
        """Store a new challenge. Raises ConstraintRefused (unknown verifier, identifier taken)."""
        ...

    async def answer(
        self, *, challenge_id: str, verifier_id: str, key_thumbprint: bytes, now: datetime
    ) -> Answered | NotAnswered:
        """Use the verifier's challenge up, once ever, and read the standing of the face with this key (RFC 7638 digest, 32 bytes)."""
        ...

    async def append(self, verification: Verification | None, event: AuditEvent) -> AuditPosition:
        """Write down what was answered, and its audit event; no verification where no card of ours was seen.

        Raises VerificationConflict (field = challenge, receipt or token), and then neither is written.
        """
        ...

    async def close(self) -> None:
        """Let connections and threads go."""
        ...
