# SPDX-License-Identifier: Apache-2.0
"""A group's money: sums that came in, and months that moved from a leaver to a joiner. Append-only.

What came in less what bills took is the group's deposit, and never below nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, month_in, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import IdempotencyConflict
from cardservice.records.group_bills import MAX_GROUP_REFERENCE, group_settlements
from cardservice.records.orders import MAX_PERSON
from cardservice.records.payments import MAX_REASON, MOST_RUPIAH, PaymentRow, payment_reversals, payments

group_sums = Table(
    "group_sums",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("group_payers.intermediary_id"), primary_key=True),
    Column("sum_id", Identifier, primary_key=True),
    Column("reference", String(MAX_GROUP_REFERENCE), nullable=False),
    Column("rupiah", BigInteger, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    UniqueConstraint("intermediary_id", "reference"),
    CheckConstraint(f"rupiah BETWEEN 1 AND {MOST_RUPIAH}", name="rupiah_range"),
)

group_moves = Table(
    "group_moves",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("group_payers.intermediary_id"), primary_key=True),
    Column("move_id", Identifier, primary_key=True),
    Column("programme", Choice(Programme), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("reference", String(MAX_GROUP_REFERENCE), nullable=False),
    Column("leaver_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("joiner_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("source_payment_id", Identifier, nullable=False),
    Column("joiner_payment_id", Identifier, nullable=False),
    Column("rupiah", BigInteger, nullable=False),
    Column("moved_by", String(MAX_PERSON), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("moved_at", UtcTime, nullable=False),
    UniqueConstraint("intermediary_id", "reference", "programme", "month"),
    one_of("programme", Programme),
    month_in("month"),
    CheckConstraint("leaver_id <> joiner_id", name="two_sided"),
    CheckConstraint("rupiah > 0", name="rupiah_positive"),
)


@dataclass(frozen=True, slots=True)
class GroupSum:
    """One sum, whole rupiah. ``received_at`` is when the money came, ``recorded_at`` when we came to know."""

    intermediary_id: str
    sum_id: str
    reference: str
    rupiah: int
    received_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class GroupMove:
    """One month of one programme that moved from one payment to another. The rows of one ``move_id`` are one move."""

    intermediary_id: str
    move_id: str
    programme: Programme
    month: ContributionMonth
    reference: str
    leaver_id: str
    joiner_id: str
    source_payment_id: str
    joiner_payment_id: str
    rupiah: int
    moved_by: str
    reason: str
    moved_at: datetime


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
    """What came in and was not used by a bill yet, whole rupiah. Lock the payer first where it is to be used."""
    came = select(func.coalesce(func.sum(group_sums.c.rupiah), 0)).where(
        group_sums.c.intermediary_id == intermediary_id
    )
    used = select(func.coalesce(func.sum(group_settlements.c.rupiah), 0)).where(
        group_settlements.c.intermediary_id == intermediary_id
    )
    return int(connection.execute(came).scalar_one()) - int(connection.execute(used).scalar_one())


def add_moves(connection: Connection, moves: Sequence[GroupMove]) -> None:
    """Insert the rows of one move. Raises IdempotencyConflict for a reference that was used at this very moment."""
    key = moves[0].reference
    taken = {
        "uq_group_moves_intermediary_id_reference_programme_month": IdempotencyConflict(idempotency_key=key),
    }
    with refusing(connection, taken):
        connection.execute(group_moves.insert(), [asdict(each) | {"month": each.month.number} for each in moves])


def find_moves(connection: Connection, intermediary_id: str, reference: str) -> tuple[GroupMove, ...]:
    """The rows of the move under a reference, by month; none where there was no such move."""
    table = group_moves.c
    query = (
        select(group_moves)
        .where(table.intermediary_id == intermediary_id, table.reference == reference)
        .order_by(table.month, table.programme)
    )
    return tuple(
        GroupMove(**dict(row) | {"month": ContributionMonth.from_number(row["month"])})
        for row in connection.execute(query).mappings()
    )


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
