# SPDX-License-Identifier: Apache-2.0
"""The months that a member has paid, one row per programme and contribution month."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Connection, ForeignKey, Integer, Table, bindparam, delete, select

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, month_in, one_of
from cardservice.records.constraints import refusing_for_good
from cardservice.records.copy_rows import copy_rows
from cardservice.records.insert import INSERT
from cardservice.records.many_rows import MANY, delete_rows, insert_missing

member_months = Table(
    "member_months",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("programme", Choice(Programme), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("amount", Integer, nullable=False),
    Column("received_at", UtcTime, nullable=True),
    Column("recorded_at", UtcTime, nullable=False),
    one_of("programme", Programme),
    month_in("month"),
    CheckConstraint("amount >= 0", name="amount_not_negative"),
)


_COLUMNS = ("member_id", "programme", "month", "amount", "received_at", "recorded_at")


@dataclass(frozen=True, slots=True)
class MemberMonth:
    """One paid month. ``amount`` in whole rupiah.

    ``received_at`` is when the money arrived; None where only the month is known, which then counts as paid in time. ``recorded_at`` is when
    we came to know. Both are aware.
    """

    programme: Programme
    month: ContributionMonth
    amount: int
    received_at: datetime | None
    recorded_at: datetime


_OF_MEMBER = (
    select(
        member_months.c.programme,
        member_months.c.month,
        member_months.c.amount,
        member_months.c.received_at,
        member_months.c.recorded_at,
    )
    .where(member_months.c.member_id == bindparam("member"))
    .order_by(member_months.c.programme, member_months.c.month)
)
_ADD = {
    dialect: insert(member_months).on_conflict_do_nothing().returning(member_months.c.month)
    for dialect, insert in INSERT.items()
}
_TAKE = delete(member_months).where(
    member_months.c.member_id == bindparam("member"),
    member_months.c.programme == bindparam("of"),
    member_months.c.month == bindparam("in"),
)


def add(connection: Connection, member_id: str, months: Iterable[MemberMonth]) -> int:
    """Insert the months that are not there yet; returns how many. A month that is there keeps its amount and moments.

    Raises ConstraintRefused for a member that is not there, which ends the transaction.
    """
    return _add(connection, [(member_id, each) for each in months])


def _add(connection: Connection, months: Sequence[tuple[str, MemberMonth]]) -> int:
    rows = [
        (member_id, each.programme, each.month.number, each.amount, each.received_at, each.recorded_at)
        for member_id, each in months
    ]
    if not rows:
        return 0
    with refusing_for_good({}):
        if len(rows) > MANY:
            return len(insert_missing(connection, member_months, _COLUMNS, rows, "month"))
        # Counted by what comes back: psycopg's row count of an INSERT is not kept.
        values = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        return len(connection.execute(_ADD[connection.dialect.name], values).all())


def change_bought(
    connection: Connection, gone: Sequence[tuple[str, MemberMonth]], fresh: Sequence[tuple[str, MemberMonth]]
) -> None:
    """Take away and add months that payments buy, each beside its member. The members are locked."""
    cells = [(member_id, each.programme, each.month.number) for member_id, each in gone]
    if len(cells) > MANY:
        delete_rows(connection, member_months, _COLUMNS[:3], cells)
    elif cells:
        connection.execute(_TAKE, [dict(zip(("member", "of", "in"), each, strict=True)) for each in cells])
    _add(connection, fresh)


def add_of_newcomers(connection: Connection, months: Sequence[tuple[str, MemberMonth]]) -> None:
    """Insert the months of members who have none yet. Raises ConstraintRefused for one that is there, or a member that is not."""
    values = [
        (member_id, each.programme, each.month.number, each.amount, each.received_at, each.recorded_at)
        for member_id, each in months
    ]
    copy_rows(connection, member_months, _COLUMNS, values)


def cells_of(connection: Connection, member_ids: Sequence[str]) -> Mapping[str, set[tuple[Programme, int]]]:
    """Which (programme, YYYYMM) each of these members has paid. Ask for some hundreds at a time."""
    cells: dict[str, set[tuple[Programme, int]]] = {member_id: set() for member_id in member_ids}
    table = member_months.c
    query = select(table.member_id, table.programme, table.month).where(table.member_id.in_(member_ids))
    for member_id, programme, month in connection.execute(query):
        cells[member_id].add((programme, month))
    return cells


def of_member(connection: Connection, member_id: str) -> tuple[MemberMonth, ...]:
    """Every paid month of one member, by programme and month."""
    return tuple(
        MemberMonth(programme, ContributionMonth.from_number(month), amount, received_at, recorded_at)
        for programme, month, amount, received_at, recorded_at in connection.execute(_OF_MEMBER, {"member": member_id})
    )
