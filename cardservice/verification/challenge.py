# SPDX-License-Identifier: Apache-2.0
"""The challenge: one question to one card, bound to verifier, terminal, purpose and moment (docs/card-edge.md, "Tap, offline: two APDUs")."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.tap import CHALLENGE_ID_LENGTH, NONCE_LENGTH, tap_digest
from cardservice.coverage.programme import Programme
from cardservice.records.challenges import Challenge
from cardservice.records.hot_path.store import VerificationStore
from cardservice.records.verifiers import VerifierKind
from cardservice.verification.civil_day import asked_about
from cardservice.verification.disclosure import VerificationPurpose, disclosed

LIFE = timedelta(seconds=60)
HANDLE_LENGTH = 16  # 128 bits: nobody finds another's by trying


class Asker(Protocol):
    """What is asked of an authenticated caller: who it is, of which kind, and which sector of a card it sees."""

    @property
    def verifier_id(self) -> str:
        """Its identifier, the audience of its tokens."""
        ...

    @property
    def kind(self) -> VerifierKind:
        """Its row in the disclosure table."""
        ...

    @property
    def sector(self) -> int:
        """The sector that it may speak to."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a verifier wants to know. ``service_date`` is a civil date in Asia/Jakarta, that of ``event_at`` (aware) or else today's if None."""

    terminal_id: str
    purpose: VerificationPurpose
    programme: Programme
    service_date: date | None = None
    event_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedChallenge:
    """What the terminal needs for its two APDUs. ``digest`` is H; a terminal that trusts nobody computes it again from the rest."""

    handle: str  # 32 hexadecimal digits
    challenge_id: bytes  # 4 bytes
    nonce: bytes = field(repr=False)
    time: datetime
    digest: bytes
    sector: int
    aid: bytes
    service_date: date
    event_at: datetime | None
    expires_at: datetime


async def issue_challenge(
    question: Question,
    asker: Asker,
    *,
    store: VerificationStore,
    now: datetime,
    randomness: Callable[[int], bytes],
) -> IssuedChallenge:
    """Make and keep a challenge. Raises PurposeNotOpen, ServiceDateRefused, EventMomentRefused."""
    # 1. A question that would not be answered gets no challenge.
    disclosed(asker.kind, question.purpose)
    asked = asked_about(question.service_date, question.event_at, now)
    # 2. Fresh names: the handle is for the verifier, the nonce for the card.
    challenge = Challenge(
        challenge_id=randomness(HANDLE_LENGTH).hex(),
        verifier_id=asker.verifier_id,
        terminal_id=question.terminal_id,
        purpose=question.purpose.value,
        programme=question.programme,
        service_date=asked.day,
        event_at=asked.event_at,
        nonce=randomness(NONCE_LENGTH),
        issued_at=now,
        expires_at=now + LIFE,
    )
    # 3. Kept before it is given out.
    await store.create_challenge(challenge)
    return IssuedChallenge(
        handle=challenge.challenge_id,
        challenge_id=card_challenge_id(challenge),
        nonce=challenge.nonce,
        time=challenge.issued_at,
        digest=digest_of(challenge),
        sector=asker.sector,
        aid=sector_aid(asker.sector),
        service_date=asked.day,
        event_at=asked.event_at,
        expires_at=challenge.expires_at,
    )


def card_challenge_id(challenge: Challenge) -> bytes:
    """The 4 bytes that the card sees beside H: of the handle's hash, so that the air carries no part of the handle."""
    return sha256(bytes.fromhex(challenge.challenge_id)).digest()[:CHALLENGE_ID_LENGTH]


def digest_of(challenge: Challenge) -> bytes:
    """H of a challenge, 32 bytes."""
    return tap_digest(
        challenge.verifier_id, challenge.terminal_id, challenge.purpose, challenge.nonce, challenge.issued_at
    )
