# SPDX-License-Identifier: Apache-2.0
"""Receipts of agents that are void, and remittances whose money went back. Append-only, each at most once."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Integer, String, Table, select

from cardservice.records.columns import Identifier, UtcTime, metadata
from cardservice.records.constraints import refusing
from cardservice.records.errors import PaymentReversedBefore
from cardservice.records.orders import MAX_PERSON
from cardservice.records.payments import MAX_REASON

MAX_CASH_REFERENCE = 64

cash_receipt_voids = Table(
    "cash_receipt_voids",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("voided_by", String(MAX_PERSON), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("voided_at", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["intermediary_id", "number"],
        ["cash_receipts.intermediary_id", "cash_receipts.number"],
        name="fk_cash_receipt_voids_receipt",
    ),
)

cash_remittance_bounces = Table(
    "cash_remittance_bounces",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("reference", String(MAX_CASH_REFERENCE), primary_key=True),
    Column("told_by", String(MAX_PERSON), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("bounced_at", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["intermediary_id", "reference"],
        ["cash_remittances.intermediary_id", "cash_remittances.reference"],
        name="fk_cash_remittance_bounces_remittance",
    ),
)


@dataclass(frozen=True, slots=True)
class ReceiptVoid:
    """That a receipt counts no more: who said so, and why."""

    intermediary_id: str
    number: int
    voided_by: str
    reason: str
    voided_at: datetime


@dataclass(frozen=True, slots=True)
class RemittanceBounce:
    """That a remittance's money went back: who said so, and why."""

    intermediary_id: str
    reference: str
    told_by: str
    reason: str
    bounced_at: datetime


def add_void(connection: Connection, void: ReceiptVoid) -> None:
    """Insert one. Raises PaymentReversedBefore the second time."""
    with refusing(connection, {"pk_cash_receipt_voids": PaymentReversedBefore(payment_id=str(void.number))}):
        connection.execute(cash_receipt_voids.insert().values(asdict(void)))


def void_of(connection: Connection, intermediary_id: str, number: int) -> ReceiptVoid | None:
    """How a receipt became void; None where it counts."""
    table = cash_receipt_voids.c
    query = select(cash_receipt_voids).where(table.intermediary_id == intermediary_id, table.number == number)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else ReceiptVoid(**row)


def add_bounce(connection: Connection, bounce: RemittanceBounce) -> None:
    """Insert one. Raises PaymentReversedBefore the second time."""
    with refusing(connection, {"pk_cash_remittance_bounces": PaymentReversedBefore(payment_id=bounce.reference)}):
        connection.execute(cash_remittance_bounces.insert().values(asdict(bounce)))


def bounce_of(connection: Connection, intermediary_id: str, reference: str) -> RemittanceBounce | None:
    """How a remittance went back; None where it stands."""
    table = cash_remittance_bounces.c
    query = select(cash_remittance_bounces).where(
        table.intermediary_id == intermediary_id, table.reference == reference
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else RemittanceBounce(**row)
