# SPDX-License-Identifier: Apache-2.0
"""A group's money: the sums that came in. Append-only.

What came in and stayed, less what bills took, is the group's deposit, and never below nothing.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)

from cardservice.records.columns import Identifier, UtcTime, metadata
from cardservice.records.constraints import refusing
from cardservice.records.errors import IdempotencyConflict
from cardservice.records.group_bills import MAX_GROUP_REFERENCE, STANDING
from cardservice.records.group_bounces import group_sum_bounces
from cardservice.records.payments import MOST_RUPIAH, PaymentRow, payment_reversals, payments

group_sums = Table(
    "group_sums",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("group_payers.intermediary_id"), primary_key=True),
    Column("sum_id", Identifier, primary_key=True),
    Column("reference", String(MAX_GROUP_REFERENCE), nullable=False),
    Column("rupiah", BigInteger, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("bill_id", Identifier, nullable=True),
    UniqueConstraint("intermediary_id", "reference"),
    CheckConstraint(f"rupiah BETWEEN 1 AND {MOST_RUPIAH}", name="rupiah_range"),
)


@dataclass(frozen=True, slots=True)
class GroupSum:
    """One sum, whole rupiah. ``received_at`` is when the money came, ``recorded_at`` when we came to know.

    ``bill_id`` is the bill that it was told for; None for one that was taken in before this was written down.
    """

    intermediary_id: str
    sum_id: str
    reference: str
    rupiah: int
    received_at: datetime
    recorded_at: datetime
    bill_id: str | None = None


def add_sum(connection: Connection, received: GroupSum) -> None:
    """Insert a sum. Raises IdempotencyConflict for a reference that was used at this very moment."""
    taken = {"uq_group_sums_intermediary_id_reference": IdempotencyConflict(idempotency_key=received.reference)}
    with refusing(connection, taken):
        connection.execute(group_sums.insert().values(asdict(received)))


def find_sum(connection: Connection, intermediary_id: str, reference: str) -> GroupSum | None:
    """The sum that a group paid under a reference."""
    table = group_sums.c
    query = select(group_sums).where(table.intermediary_id == intermediary_id, table.reference == reference)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else GroupSum(**row)


def deposit(connection: Connection, intermediary_id: str) -> int:
    """What came in, stayed, and is used by no bill, whole rupiah. Below nothing only while a bounce is being worked off.

    Lock the payer first where it is to be used.
    """
    own = group_sums.c
    came = (
        select(func.coalesce(func.sum(own.rupiah), 0))
        .select_from(group_sums.outerjoin(group_sum_bounces))
        .where(own.intermediary_id == intermediary_id, group_sum_bounces.c.sum_id.is_(None))
    )
    used = select(func.coalesce(func.sum(STANDING.c.rupiah), 0)).where(STANDING.c.intermediary_id == intermediary_id)
    return int(connection.execute(came).scalar_one()) - int(connection.execute(used).scalar_one())


def standing_payments(connection: Connection, intermediary_id: str, bill_id: str) -> tuple[PaymentRow, ...]:
    """The payments that a bill came to and that stand, wherever their months moved, by reference."""
    query = (
        select(payments)
        .select_from(payments.outerjoin(payment_reversals))
        .where(
            payments.c.partner_id == intermediary_id,
            payments.c.reference.startswith(f"{bill_id}/", autoescape=True),
            payment_reversals.c.payment_id.is_(None),
        )
        .order_by(payments.c.reference)
    )
    return tuple(PaymentRow(**row) for row in connection.execute(query).mappings())
