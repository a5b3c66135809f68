# SPDX-License-Identifier: Apache-2.0
"""Access tokens given to banks, by their SHA-256: who reads this table can't use what it holds."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    and_,
    bindparam,
    delete,
    select,
)

from cardservice.records.banks import Bank, banks
from cardservice.records.columns import UtcTime, metadata, octets, octets_in
from cardservice.records.partner_names import MAX_PARTNER

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

_WITH_BANK = (
    select(banks, access_tokens.c.expires_at)
    .outerjoin(
        access_tokens,
        and_(access_tokens.c.partner_id == banks.c.partner_id, access_tokens.c.token_sha256 == bindparam("token")),
    )
    .where(banks.c.partner_id == bindparam("partner"))
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


def with_bank(connection: Connection, partner_id: str, token_sha256: bytes) -> tuple[Bank | None, datetime | None]:
    """The bank, revoked or not, and when its token ends; None where there is no such bank, or it has no such token."""
    row = connection.execute(_WITH_BANK, {"partner": partner_id, "token": token_sha256}).mappings().one_or_none()
    if row is None:
        return None, None
    fields = dict(row)
    expires_at: datetime | None = fields.pop("expires_at")
    return Bank(**fields), expires_at


def forget_expired(connection: Connection, before: datetime) -> int:
    """Delete tokens that ended before a moment; returns how many."""
    return connection.execute(delete(access_tokens).where(access_tokens.c.expires_at < before)).rowcount
