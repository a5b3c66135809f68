# SPDX-License-Identifier: Apache-2.0
"""The contribution months that were paid for a member."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import CheckConstraint, Column, Connection, Date, ForeignKey, Integer, String, Table, insert, select

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import PaidMonths, PaidSpan
from cardservice.records.columns import Identifier, metadata, month_in, one_of

member_months = Table(
    "member_months",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("programme", String(8), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("amount_rupiah", Integer),
    Column("paid_on", Date),
    one_of("programme", Programme),
    month_in("month"),
    CheckConstraint("amount_rupiah >= 0", name="amount_not_negative"),
)


@dataclass(frozen=True, slots=True)
class MemberMonth:
    """One paid month of one programme. ``paid_on`` (civil date in Asia/Jakarta) is None where the list does not tell: paid in time."""

    member_id: str
    programme: Programme
    month: ContributionMonth
    amount_rupiah: int | None
    paid_on: date | None


def add_months(connection: Connection, months: Iterable[MemberMonth]) -> int:
    """Insert the months that are not there yet; a month once paid stays as it was. Returns how many were new."""
    asked = {(each.member_id, each.programme, each.month): each for each in months}
    there = {
        (each.member_id, each.programme, each.month)
        for member_id in {each.member_id for each in asked.values()}
        for each in months_of(connection, member_id)
    }
    new = [each for key, each in asked.items() if key not in there]
    if new:
        connection.execute(
            insert(member_months),
            [
                {
                    "member_id": each.member_id,
                    "programme": each.programme.value,
                    "month": each.month.number,
                    "amount_rupiah": each.amount_rupiah,
                    "paid_on": each.paid_on,
                }
                for each in new
            ],
        )
    return len(new)


def months_of(connection: Connection, member_id: str) -> list[MemberMonth]:
    """Every paid month of one member, by programme and month."""
    table = member_months
    rows = connection.execute(select(table).where(table.c.member_id == member_id).order_by(table.c.programme, table.c.month))
    return [
        MemberMonth(
            row.member_id, Programme(row.programme), ContributionMonth.from_number(row.month), row.amount_rupiah, row.paid_on
        )
        for row in rows
    ]


def paid_months(months: Sequence[MemberMonth], programme: Programme) -> PaidMonths:
    """The months of one programme as spans: consecutive months that came with one payment are one span."""
    spans: list[PaidSpan] = []
    for each in sorted((each for each in months if each.programme == programme), key=lambda each: each.month):
        if spans and each.month - spans[-1].last == 1 and each.paid_on == spans[-1].covers_from:
            spans[-1] = PaidSpan(spans[-1].first, each.month, each.paid_on)
        else:
            spans.append(PaidSpan(each.month, each.month, each.paid_on))
    return PaidMonths(tuple(spans))
