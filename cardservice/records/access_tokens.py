# SPDX-License-Identifier: Apache-2.0
"""Access tokens given to banks, by their SHA-256: who reads this table can't use what it holds."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Connection, ForeignKey, Index, String, Table, bindparam, delete, select

from cardservice.records.banks import MAX_PARTNER
from cardservice.records.columns import UtcTime, metadata, octets, octets_in

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("partner_id", String(MAX_PARTNER), ForeignKey("banks.partner_id"), primary_key=True),
    Column("token_sha256", octets("token_sha256", 32).type, primary_key=True),
    Column("issued_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    octets_in("token_sha256", 32),
    CheckConstraint("expires_at > issued_at", name="expires_later"),
)
Index("ix_access_tokens_expires_at", access_tokens.c.expires_at)

_EXPIRY = select(access_tokens.c.expires_at).where(
    access_tokens.c.partner_id == bindparam("partner"), access_tokens.c.token_sha256 == bindparam("token")
)


def add(
    connection: Connection, partner_id: str, token_sha256: bytes, *, issued_at: datetime, expires_at: datetime
) -> None:
    """Keep a token. 256 random bits: no two are the same."""
    connection.execute(
        access_tokens.insert().values(
            partner_id=partner_id, token_sha256=token_sha256, issued_at=issued_at, expires_at=expires_at
        )
    )


def expiry(connection: Connection, partner_id: str, token_sha256: bytes) -> datetime | None:
    """When the token of this bank ends; None where the bank has no such token."""
    found: datetime | None = connection.execute(_EXPIRY, {"partner": partner_id, "token": token_sha256}).scalar()
    return found


def forget_expired(connection: Connection, before: datetime) -> int:
    """Delete tokens that ended before a moment; returns how many."""
    return connection.execute(delete(access_tokens).where(access_tokens.c.expires_at < before)).rowcount
