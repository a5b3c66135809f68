# SPDX-License-Identifier: Apache-2.0
"""A member's paid months and what payments bought of them, read at once: a payment waits for its member's row, and then reads both."""

from sqlalchemy import Connection, bindparam, null, select, union_all

from cardservice.coverage.month import ContributionMonth
from cardservice.records.member_months import MemberMonth, member_months
from cardservice.records.payments import AllocationRow, payment_allocations

_MONTHS, _BOUGHT = member_months.c, payment_allocations.c
_OF_MEMBER = union_all(
    select(
        null().label("payment_id"),
        _MONTHS.programme,
        _MONTHS.month,
        _MONTHS.amount,
        _MONTHS.received_at,
        _MONTHS.recorded_at,
    ).where(_MONTHS.member_id == bindparam("member")),
    select(_BOUGHT.payment_id, _BOUGHT.programme, _BOUGHT.month, _BOUGHT.amount, null(), null()).where(
        _BOUGHT.member_id == bindparam("member")
    ),
)


def of_member(connection: Connection, member_id: str) -> tuple[tuple[MemberMonth, ...], tuple[AllocationRow, ...]]:
    """Every paid month by programme and month, and every part of a payment that paid for one."""
    months: list[MemberMonth] = []
    bought: list[AllocationRow] = []
    rows = connection.execute(_OF_MEMBER, {"member": member_id})
    for payment_id, programme, month, amount, received_at, recorded_at in rows:
        cell = programme, ContributionMonth.from_number(month), amount
        if payment_id is None:
            months.append(MemberMonth(*cell, received_at, recorded_at))
        else:
            bought.append(AllocationRow(payment_id, *cell))
    return tuple(sorted(months, key=lambda each: (each.programme, each.month))), tuple(bought)
