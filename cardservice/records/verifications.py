# SPDX-License-Identifier: Apache-2.0
"""Verifications: what was answered to whom about which card. One challenge, one answer. Append-only."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Date, ForeignKey, Index, String, Table, UniqueConstraint, select

from cardservice.coverage.programme import Programme
from cardservice.records.columns import Choice, Identifier, UtcTime, identifier, metadata, octets, octets_in, one_of

MAX_OUTCOME = 48
MAX_TOKEN_ID = 64

verifications = Table(
    "verifications",
    metadata,
    Column("card_id", Identifier, ForeignKey("cards.card_id"), primary_key=True),
    identifier("receipt_id", primary_key=True),
    Column("verifier_id", Identifier, ForeignKey("verifiers.verifier_id"), nullable=False),
    # No foreign key: challenges are forgotten, verifications are not.
    Column("challenge_id", Identifier, nullable=False, unique=True),
    Column("outcome", String(MAX_OUTCOME), nullable=False),
    Column("programme", Choice(Programme), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("token_id", String(MAX_TOKEN_ID), nullable=True, unique=True),
    octets("leaf", 32),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("receipt_id"),
    octets_in("leaf", 32),
    one_of("programme", Programme),
)
Index("ix_verifications_verifier_id_at", verifications.c.verifier_id, verifications.c.at)


@dataclass(frozen=True, slots=True)
class Verification:
    """One row. ``outcome`` is a code such as covered or a reason; ``token_id`` the jti of the token, where one was signed."""

    card_id: str
    receipt_id: str
    verifier_id: str
    challenge_id: str
    outcome: str
    programme: Programme
    as_of: date
    token_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptVerification:
    """A verification with the leaf of its audit event."""

    verification: Verification
    leaf: bytes = field(repr=False)


def find_by_receipt(connection: Connection, receipt_id: str) -> KeptVerification | None:
    """The verification with this receipt."""
    row = connection.execute(select(verifications).where(verifications.c.receipt_id == receipt_id)).mappings()
    found = row.one_or_none()
    return None if found is None else _kept(dict(found))


def of_card(connection: Connection, card_id: str, limit: int = 100) -> tuple[KeptVerification, ...]:
    """The latest verifications of one card, newest first."""
    query = select(verifications).where(verifications.c.card_id == card_id)
    query = query.order_by(verifications.c.at.desc(), verifications.c.receipt_id).limit(limit)
    return tuple(_kept(dict(row)) for row in connection.execute(query).mappings())


def of_verifier(
    connection: Connection, verifier_id: str, since: datetime, until: datetime
) -> tuple[KeptVerification, ...]:
    """What one verifier learned between two moments (UU PDP 27/2022: who was touched), oldest first."""
    query = (
        select(verifications)
        .where(verifications.c.verifier_id == verifier_id)
        .where(verifications.c.at >= since, verifications.c.at < until)
        .order_by(verifications.c.at, verifications.c.receipt_id)
    )
    return tuple(_kept(dict(row)) for row in connection.execute(query).mappings())


def _kept(row: dict[Any, Any]) -> KeptVerification:
    leaf = row.pop("leaf")
    return KeptVerification(Verification(**row), leaf)
