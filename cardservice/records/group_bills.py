# SPDX-License-Identifier: Apache-2.0
"""Group bills: what a list of members costs, row by row; and that a bill was paid, or paid again. All of it append-only."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)

from cardservice.records.canonical_json import Json
from cardservice.records.columns import CanonicalText, Identifier, UtcTime, metadata, octets, octets_in
from cardservice.records.constraints import refusing
from cardservice.records.errors import IdempotencyConflict, RecordNotFound
from cardservice.records.group_bounces import group_reopenings
from cardservice.records.members import members
from cardservice.records.orders import MAX_PERSON

MAX_GROUP_REFERENCE = 64

group_bills = Table(
    "group_bills",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("group_payers.intermediary_id"), primary_key=True),
    Column("bill_id", Identifier, primary_key=True),
    Column("reference", String(MAX_GROUP_REFERENCE), nullable=False),
    octets("list_sha256", 32),
    Column("rupiah", BigInteger, nullable=False),
    Column("drawn_by", String(MAX_PERSON), nullable=False),
    Column("drawn_at", UtcTime, nullable=False),
    UniqueConstraint("intermediary_id", "reference"),
    octets_in("list_sha256", 32),
    CheckConstraint("rupiah > 0", name="rupiah_positive"),
)

group_bill_rows = Table(
    "group_bill_rows",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("bill_id", Identifier, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("member_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("months", CanonicalText, nullable=False),
    Column("rupiah", BigInteger, nullable=False),
    UniqueConstraint("intermediary_id", "bill_id", "member_id"),
    ForeignKeyConstraint(
        ["intermediary_id", "bill_id"],
        ["group_bills.intermediary_id", "group_bills.bill_id"],
        name="fk_group_bill_rows_bill",
    ),
    CheckConstraint("rupiah > 0", name="rupiah_positive"),
)
Index("ix_group_bill_rows_member_id", group_bill_rows.c.member_id)

group_settlements = Table(
    "group_settlements",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("bill_id", Identifier, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rupiah", BigInteger, nullable=False),
    Column("settled_at", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["intermediary_id", "bill_id"],
        ["group_bills.intermediary_id", "group_bills.bill_id"],
        name="fk_group_settlements_bill",
    ),
    CheckConstraint("number > 0", name="number_positive"),
)

# The settlements that stand: those that no bounced sum took back.
STANDING = (
    select(group_settlements)
    .join(
        group_reopenings,
        (group_reopenings.c.intermediary_id == group_settlements.c.intermediary_id)
        & (group_reopenings.c.bill_id == group_settlements.c.bill_id)
        & (group_reopenings.c.number == group_settlements.c.number),
        isouter=True,
    )
    .where(group_reopenings.c.bill_id.is_(None))
    .subquery("standing_settlements")
)


@dataclass(frozen=True, slots=True)
class GroupBill:
    """One bill. ``reference`` is the group's own and makes it one; ``rupiah`` is the sum of its rows."""

    intermediary_id: str
    bill_id: str
    reference: str
    list_sha256: bytes
    rupiah: int
    drawn_by: str
    drawn_at: datetime


@dataclass(frozen=True, slots=True)
class GroupBillRow:
    """One member on a bill. ``line`` counts as in the list; ``months`` as a payment's row keeps them."""

    line: int
    member_id: str
    member_ref: str
    months: Json
    rupiah: int


def add(connection: Connection, bill: GroupBill, rows: Sequence[GroupBillRow]) -> None:
    """Insert a bill with its rows. Raises IdempotencyConflict for a reference that was used at this very moment."""
    taken = {"uq_group_bills_intermediary_id_reference": IdempotencyConflict(idempotency_key=bill.reference)}
    with refusing(connection, taken):
        connection.execute(group_bills.insert().values(asdict(bill)))
    own: dict[str, Json] = {"intermediary_id": bill.intermediary_id, "bill_id": bill.bill_id}
    values = [
        own | {"line": row.line, "member_id": row.member_id, "months": row.months, "rupiah": row.rupiah} for row in rows
    ]
    connection.execute(group_bill_rows.insert(), values)


def find(connection: Connection, intermediary_id: str, reference: str) -> GroupBill | None:
    """The bill that a group drew under a reference."""
    table = group_bills.c
    query = select(group_bills).where(table.intermediary_id == intermediary_id, table.reference == reference)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else GroupBill(**row)


def get(connection: Connection, intermediary_id: str, reference: str) -> GroupBill:
    """As find(). Raises RecordNotFound."""
    bill = find(connection, intermediary_id, reference)
    if bill is None:
        raise RecordNotFound(record="group-bill")
    return bill


def get_by_id(connection: Connection, intermediary_id: str, bill_id: str) -> GroupBill:
    """The bill with this identifier. Raises RecordNotFound."""
    table = group_bills.c
    query = select(group_bills).where(table.intermediary_id == intermediary_id, table.bill_id == bill_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="group-bill")
    return GroupBill(**row)


def rows_of(connection: Connection, bill: GroupBill) -> tuple[GroupBillRow, ...]:
    """The rows of a bill, by line."""
    table = group_bill_rows.c
    query = (
        select(table.line, table.member_id, members.c.external_ref, table.months, table.rupiah)
        .join(members, members.c.member_id == table.member_id)
        .where(table.intermediary_id == bill.intermediary_id, table.bill_id == bill.bill_id)
        .order_by(table.line)
    )
    return tuple(GroupBillRow(*row) for row in connection.execute(query))


@dataclass(frozen=True, slots=True)
class Settlement:
    """That a bill was paid. A bill is settled again, under the next ``number``, where a sum bounced."""

    intermediary_id: str
    bill_id: str
    number: int
    rupiah: int
    settled_at: datetime


def settle(connection: Connection, bill: GroupBill, at: datetime) -> Settlement:
    """Write down that a bill was paid. Lock the payer first, and see that no settlement stands."""
    table = group_settlements.c
    last = select(func.max(table.number)).where(
        table.intermediary_id == bill.intermediary_id, table.bill_id == bill.bill_id
    )
    number = (connection.execute(last).scalar() or 0) + 1
    settlement = Settlement(bill.intermediary_id, bill.bill_id, number, bill.rupiah, at)
    with refusing(connection, {}):
        connection.execute(group_settlements.insert().values(asdict(settlement)))
    return settlement


def settled_at(connection: Connection, bill: GroupBill) -> datetime | None:
    """When a bill was paid; None while it waits, or waits again."""
    table = STANDING.c
    query = select(table.settled_at).where(table.intermediary_id == bill.intermediary_id, table.bill_id == bill.bill_id)
    return connection.execute(query).scalar_one_or_none()


def standing_settlements(connection: Connection, intermediary_id: str) -> tuple[Settlement, ...]:
    """A group's bills that are paid, the last one first."""
    table = STANDING.c
    query = (
        select(STANDING)
        .where(table.intermediary_id == intermediary_id)
        .order_by(table.settled_at.desc(), table.bill_id)
    )
    return tuple(Settlement(**row) for row in connection.execute(query).mappings())


def of_group(connection: Connection, intermediary_id: str) -> tuple[tuple[GroupBill, datetime | None], ...]:
    """Every bill of a group, oldest first, and when each was paid."""
    table, paid = group_bills.c, STANDING.c
    query = (
        select(group_bills, paid.settled_at)
        .join(
            STANDING,
            (paid.intermediary_id == table.intermediary_id) & (paid.bill_id == table.bill_id),
            isouter=True,
        )
        .where(table.intermediary_id == intermediary_id)
        .order_by(table.drawn_at, table.bill_id)
    )
    found = []
    for row in connection.execute(query).mappings():
        fields = dict(row)
        at = fields.pop("settled_at")
        found.append((GroupBill(**fields), at))
    return tuple(found)
