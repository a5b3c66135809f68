# SPDX-License-Identifier: Apache-2.0
"""Challenges: one question to one card, by one verifier at one terminal for one purpose, answered once and soon."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Connection, Date, ForeignKey, Index, String, Table, delete

from cardservice.coverage.programme import Programme
from cardservice.records.columns import Choice, Identifier, UtcTime, identifier, metadata, octets, octets_in, one_of
from cardservice.records.constraints import refusing

NONCE_LENGTH = 16
MAX_TERMINAL = 64
MAX_PURPOSE = 64

challenges = Table(
    "challenges",
    metadata,
    identifier("challenge_id", primary_key=True),
    Column("verifier_id", Identifier, ForeignKey("verifiers.verifier_id"), nullable=False),
    Column("terminal_id", String(MAX_TERMINAL), nullable=False),
    Column("purpose", String(MAX_PURPOSE), nullable=False),
    Column("programme", Choice(Programme), nullable=False),
    Column("service_date", Date, nullable=False),
    Column("event_at", UtcTime, nullable=True),
    octets("nonce", NONCE_LENGTH),
    Column("issued_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime, nullable=True),
    octets_in("nonce", NONCE_LENGTH),
    one_of("programme", Programme),
    CheckConstraint("expires_at > issued_at", name="expires_later"),
)
Index("ix_challenges_expires_at", challenges.c.expires_at)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One row, as issued. ``service_date`` is a civil date in Asia/Jakarta, and that of ``event_at`` (aware) where the moment is known."""

    challenge_id: str
    verifier_id: str
    terminal_id: str
    purpose: str
    programme: Programme
    service_date: date
    nonce: bytes = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    event_at: datetime | None = None


def add(connection: Connection, challenge: Challenge) -> None:
    """Insert a challenge. Raises ConstraintRefused."""
    with refusing(connection, {}):
        connection.execute(challenges.insert().values(asdict(challenge)))


def forget_expired(connection: Connection, before: datetime) -> int:
    """Delete challenges that expired before a moment; returns how many. Verifications keep what they need of theirs."""
    return connection.execute(delete(challenges).where(challenges.c.expires_at < before)).rowcount
