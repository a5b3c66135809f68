# SPDX-License-Identifier: Apache-2.0
"""Banks that collect over SNAP virtual accounts, with what they sign by. The client secret only sealed: a keyed hash needs it whole."""

from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    select,
    text,
    update,
)

from cardservice.records.columns import UtcTime, metadata
from cardservice.records.constraints import refusing
from cardservice.records.errors import BankExists, PartnerNameTaken, RecordNotFound
from cardservice.records.partner_names import MAX_PARTNER, TAKEN

MAX_CLIENT = 64  # X-CLIENT-KEY
MAX_BILLS = 24

banks = Table(
    "banks",
    metadata,
    Column("partner_id", String(MAX_PARTNER), primary_key=True),
    Column("client_id", String(MAX_CLIENT), nullable=False, unique=True),
    Column("name", String(128), nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("signature", String(16), nullable=False),
    Column("encoding", String(16), nullable=False),
    Column("channel_id", String(5), nullable=True),
    Column("service_id", String(8), nullable=False, unique=True),
    Column("bill_type", String(1), nullable=False),
    Column("most_bills", Integer, nullable=False),
    Column("most_name", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime, nullable=True),
    CheckConstraint("signature IN ('asymmetric', 'symmetric')", name="signature_known"),
    CheckConstraint("encoding IN ('base64', 'hex')", name="encoding_known"),
    CheckConstraint("length(service_id) = 8", name="service_id_length"),
    CheckConstraint("bill_type IN ('C', 'I', 'L', 'M', 'N', 'O', 'X')", name="bill_type_known"),
    CheckConstraint(f"most_bills BETWEEN 1 AND {MAX_BILLS}", name="most_bills_range"),
    CheckConstraint("most_name BETWEEN 1 AND 255", name="most_name_range"),
)


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank. ``public_key`` is its SubjectPublicKeyInfo (DER); ``service_id`` our partnerServiceId with its spaces."""

    partner_id: str
    client_id: str
    name: str
    secret_sealed: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    signature: str
    encoding: str
    channel_id: str | None
    service_id: str
    bill_type: str
    most_bills: int
    most_name: int
    created_at: datetime
    revoked_at: datetime | None = None


_BY_PARTNER = select(banks).where(banks.c.partner_id == bindparam("partner"))
_BY_CLIENT = select(banks).where(banks.c.client_id == bindparam("client"))


_HOLD = text("LOCK TABLE banks IN ACCESS EXCLUSIVE MODE")


def add(connection: Connection, bank: Bank) -> None:
    """Insert a bank. Raises BankExists with the field that is taken, PartnerNameTaken where the name is an aggregator's or an intermediary's."""
    taken = {
        "pk_banks": BankExists(field="partner_id"),
        "uq_banks_client_id": BankExists(field="client_id"),
        "uq_banks_service_id": BankExists(field="service_id"),
        TAKEN: PartnerNameTaken(partner_id=bank.partner_id),
    }
    with refusing(connection, taken):
        connection.execute(banks.insert().values(asdict(bank)))


def find(connection: Connection, partner_id: str) -> Bank | None:
    """The bank with this X-PARTNER-ID, revoked or not."""
    row = connection.execute(_BY_PARTNER, {"partner": partner_id}).mappings().one_or_none()
    return None if row is None else Bank(**row)


def find_by_client(connection: Connection, client_id: str) -> Bank | None:
    """The bank with this X-CLIENT-KEY, revoked or not."""
    row = connection.execute(_BY_CLIENT, {"client": client_id}).mappings().one_or_none()
    return None if row is None else Bank(**row)


def every(connection: Connection) -> tuple[Bank, ...]:
    """Every bank, oldest first."""
    query = select(banks).order_by(banks.c.created_at, banks.c.partner_id)
    return tuple(Bank(**row) for row in connection.execute(query).mappings())


def hold(connection: Connection) -> None:
    """Keep every bank from being read until the transaction ends: to try what a service says when its database does not answer. PostgreSQL only."""
    connection.execute(_HOLD)


def revoke(connection: Connection, partner_id: str, at: datetime) -> None:
    """Refused from now on; revoking twice keeps the first moment. Raises RecordNotFound."""
    query = update(banks).where(banks.c.partner_id == partner_id, banks.c.revoked_at.is_(None))
    if connection.execute(query.values(revoked_at=at)).rowcount != 1 and find(connection, partner_id) is None:
        raise RecordNotFound(record="bank")
