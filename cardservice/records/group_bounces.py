# SPDX-License-Identifier: Apache-2.0
"""Group sums whose money went back, the bills that are open again for it, and the payments that were taken back with them. Append-only."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Integer, String, Table, func, select

from cardservice.records.columns import Identifier, UtcTime, metadata
from cardservice.records.constraints import refusing
from cardservice.records.errors import PaymentReversedBefore
from cardservice.records.orders import MAX_PERSON
from cardservice.records.payments import MAX_REASON, PaymentRow, payments

group_sum_bounces = Table(
    "group_sum_bounces",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("sum_id", Identifier, primary_key=True),
    Column("told_by", String(MAX_PERSON), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("bounced_at", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["intermediary_id", "sum_id"],
        ["group_sums.intermediary_id", "group_sums.sum_id"],
        name="fk_group_sum_bounces_sum",
    ),
)

group_reopenings = Table(
    "group_reopenings",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("bill_id", Identifier, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sum_id", Identifier, nullable=False),
    Column("reopened_at", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["intermediary_id", "bill_id", "number"],
        ["group_settlements.intermediary_id", "group_settlements.bill_id", "group_settlements.number"],
        name="fk_group_reopenings_settlement",
    ),
    ForeignKeyConstraint(
        ["intermediary_id", "sum_id"],
        ["group_sum_bounces.intermediary_id", "group_sum_bounces.sum_id"],
        name="fk_group_reopenings_bounce",
    ),
)

group_reopened_payments = Table(
    "group_reopened_payments",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("bill_id", Identifier, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("payment_id", Identifier, primary_key=True),
    Column("member_id", Identifier, nullable=False),
    ForeignKeyConstraint(
        ["intermediary_id", "bill_id", "number"],
        ["group_reopenings.intermediary_id", "group_reopenings.bill_id", "group_reopenings.number"],
        name="fk_group_reopened_payments_reopening",
    ),
    ForeignKeyConstraint(
        ["member_id", "payment_id"],
        ["payment_reversals.member_id", "payment_reversals.payment_id"],
        name="fk_group_reopened_payments_reversal",
    ),
)


@dataclass(frozen=True, slots=True)
class SumBounce:
    """That a sum's money went back: who said so, and why."""

    intermediary_id: str
    sum_id: str
    told_by: str
    reason: str
    bounced_at: datetime


@dataclass(frozen=True, slots=True)
class Reopening:
    """A bill's settlement that stands no more, for want of the sum. ``number`` is the settlement's."""

    intermediary_id: str
    bill_id: str
    number: int
    sum_id: str
    reopened_at: datetime


def add_bounce(connection: Connection, bounce: SumBounce) -> None:
    """Insert one. Raises PaymentReversedBefore the second time."""
    with refusing(connection, {"pk_group_sum_bounces": PaymentReversedBefore(payment_id=bounce.sum_id)}):
        connection.execute(group_sum_bounces.insert().values(asdict(bounce)))


def bounce_of(connection: Connection, intermediary_id: str, sum_id: str) -> SumBounce | None:
    """How a sum went back; None where it stands."""
    table = group_sum_bounces.c
    query = select(group_sum_bounces).where(table.intermediary_id == intermediary_id, table.sum_id == sum_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else SumBounce(**row)


def reopen(connection: Connection, reopening: Reopening, taken_back: Sequence[PaymentRow]) -> None:
    """Insert a reopening with the payments of the bill that were reversed for it."""
    connection.execute(group_reopenings.insert().values(asdict(reopening)))
    own = {
        "intermediary_id": reopening.intermediary_id,
        "bill_id": reopening.bill_id,
        "number": reopening.number,
    }
    rows = [own | {"payment_id": each.payment_id, "member_id": each.member_id} for each in taken_back]
    connection.execute(group_reopened_payments.insert(), rows)


def reopenings_of_bill(connection: Connection, intermediary_id: str, bill_id: str) -> tuple[Reopening, ...]:
    """Every reopening of a bill, oldest first."""
    table = group_reopenings.c
    query = (
        select(group_reopenings)
        .where(table.intermediary_id == intermediary_id, table.bill_id == bill_id)
        .order_by(table.number)
    )
    return tuple(Reopening(**row) for row in connection.execute(query).mappings())


def reopenings_by_sum(connection: Connection, intermediary_id: str, sum_id: str) -> tuple[Reopening, ...]:
    """The bills that are open again for one sum."""
    table = group_reopenings.c
    query = (
        select(group_reopenings)
        .where(table.intermediary_id == intermediary_id, table.sum_id == sum_id)
        .order_by(table.bill_id)
    )
    return tuple(Reopening(**row) for row in connection.execute(query).mappings())


def taken_back(connection: Connection, intermediary_id: str, bill_id: str) -> tuple[PaymentRow, ...]:
    """The payments that a bill's last reopening took back, which are the shares that its next settlement credits; none where it had none."""
    table = group_reopened_payments.c
    last = (
        select(func.max(group_reopenings.c.number))
        .where(group_reopenings.c.intermediary_id == intermediary_id, group_reopenings.c.bill_id == bill_id)
        .scalar_subquery()
    )
    query = (
        select(payments)
        .join(
            group_reopened_payments,
            (table.member_id == payments.c.member_id) & (table.payment_id == payments.c.payment_id),
        )
        .where(table.intermediary_id == intermediary_id, table.bill_id == bill_id, table.number == last)
        .order_by(payments.c.member_id, payments.c.payment_id)
    )
    return tuple(PaymentRow(**row) for row in connection.execute(query).mappings())
