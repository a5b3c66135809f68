# SPDX-License-Identifier: Apache-2.0
"""What payments bought: parts of months of programmes. The ledger's working out, and so the one thing about payments that changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    Integer,
    Table,
    bindparam,
    delete,
    select,
)

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records.columns import Choice, Identifier, metadata, month_in, one_of
from cardservice.records.constraints import refusing_for_good
from cardservice.records.copy_rows import copy_rows
from cardservice.records.many_rows import MANY, delete_rows

payment_allocations = Table(
    "payment_allocations",
    metadata,
    Column("member_id", Identifier, primary_key=True),
    Column("payment_id", Identifier, primary_key=True),
    Column("programme", Choice(Programme), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("amount", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["member_id", "payment_id"],
        ["payments.member_id", "payments.payment_id"],
        name="fk_payment_allocations_payment",
    ),
    one_of("programme", Programme),
    month_in("month"),
    CheckConstraint("amount > 0", name="amount_positive"),
)


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """What some of a payment bought: part of one month of one programme, whole rupiah."""

    payment_id: str
    programme: Programme
    month: ContributionMonth
    amount: int


_ALLOCATED = select(
    payment_allocations.c.payment_id,
    payment_allocations.c.programme,
    payment_allocations.c.month,
    payment_allocations.c.amount,
).where(payment_allocations.c.member_id == bindparam("member"))
# RETURNING makes one statement of many rows; nobody reads what it gives back.
_ALLOCATE = payment_allocations.insert().returning(payment_allocations.c.month)
_ALLOCATION = ("member_id", "payment_id", "programme", "month", "amount")
_CELL = _ALLOCATION[:-1]
_TAKE = delete(payment_allocations).where(
    payment_allocations.c.member_id == bindparam("member"),
    payment_allocations.c.payment_id == bindparam("payment"),
    payment_allocations.c.programme == bindparam("of"),
    payment_allocations.c.month == bindparam("in"),
)


def change(
    connection: Connection,
    gone: Sequence[tuple[str, AllocationRow]],
    fresh: Sequence[tuple[str, AllocationRow]],
) -> None:
    """Take away and add what payments buy, each row beside its member. The members are locked."""
    cells = [(member_id, each.payment_id, each.programme, each.month.number) for member_id, each in gone]
    if len(cells) > MANY:
        delete_rows(connection, payment_allocations, _CELL, cells)
    elif cells:
        connection.execute(_TAKE, [dict(zip(("member", "payment", "of", "in"), each, strict=True)) for each in cells])
    rows = [(member_id, each.payment_id, each.programme, each.month.number, each.amount) for member_id, each in fresh]
    with refusing_for_good({}):
        if len(rows) > MANY:
            copy_rows(connection, payment_allocations, _ALLOCATION, rows)
        elif rows:
            connection.execute(_ALLOCATE, [dict(zip(_ALLOCATION, row, strict=True)) for row in rows])


def of_member(connection: Connection, member_id: str) -> tuple[AllocationRow, ...]:
    """What the member's payments bought, by month."""
    rows = connection.execute(_ALLOCATED, {"member": member_id}).all()
    found = [
        AllocationRow(each.payment_id, each.programme, ContributionMonth.from_number(each.month), each.amount)
        for each in rows
    ]
    return tuple(sorted(found, key=lambda each: (each.month, each.programme, each.payment_id)))
