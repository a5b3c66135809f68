# SPDX-License-Identifier: Apache-2.0
"""PPOB aggregators (bill payment at shops and in apps), known by the hash of a secret as verifiers are."""

from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Connection, String, Table, bindparam, select, update

from cardservice.records.columns import UtcTime, metadata, octets, octets_in
from cardservice.records.constraints import refusing
from cardservice.records.errors import PartnerNameTaken, PpobPartnerExists, RecordNotFound
from cardservice.records.partner_names import MAX_PARTNER, TAKEN

ppob_partners = Table(
    "ppob_partners",
    metadata,
    Column("partner_id", String(MAX_PARTNER), primary_key=True),
    Column("name", String(128), nullable=False),
    octets("secret_sha256", 32, unique=True),
    Column("bill_type", String(1), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime, nullable=True),
    octets_in("secret_sha256", 32),
    CheckConstraint("bill_type IN ('C', 'I', 'L', 'M', 'N', 'O', 'X')", name="bill_type_known"),
)


@dataclass(frozen=True, slots=True)
class PpobPartner:
    """One aggregator. Of its secret only SHA-256 is kept."""

    partner_id: str
    name: str
    secret_sha256: bytes = field(repr=False)
    bill_type: str
    created_at: datetime
    revoked_at: datetime | None = None


_BY_SECRET = select(ppob_partners).where(ppob_partners.c.secret_sha256 == bindparam("presented"))


def add(connection: Connection, partner: PpobPartner) -> None:
    """Insert an aggregator. Raises PpobPartnerExists, PartnerNameTaken where the name is a bank's or an intermediary's."""
    name = partner.partner_id
    taken = {"pk_ppob_partners": PpobPartnerExists(partner_id=name), TAKEN: PartnerNameTaken(partner_id=name)}
    with refusing(connection, taken):
        connection.execute(ppob_partners.insert().values(asdict(partner)))


def find_by_secret(connection: Connection, secret_sha256: bytes) -> PpobPartner | None:
    """The aggregator whose secret hashes to this, revoked or not."""
    row = connection.execute(_BY_SECRET, {"presented": secret_sha256}).mappings().one_or_none()
    return None if row is None else PpobPartner(**row)


def every(connection: Connection) -> tuple[PpobPartner, ...]:
    """Every aggregator, oldest first."""
    query = select(ppob_partners).order_by(ppob_partners.c.created_at, ppob_partners.c.partner_id)
    return tuple(PpobPartner(**row) for row in connection.execute(query).mappings())


def revoke(connection: Connection, partner_id: str, at: datetime) -> None:
    """Refused from now on; revoking twice keeps the first moment. Raises RecordNotFound."""
    table = ppob_partners
    changed = update(table).where(table.c.partner_id == partner_id, table.c.revoked_at.is_(None)).values(revoked_at=at)
    if connection.execute(changed).rowcount != 1:
        known = select(table.c.partner_id).where(table.c.partner_id == partner_id)
        if connection.execute(known).first() is None:
            raise RecordNotFound(record="ppob-partner")
