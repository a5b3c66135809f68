# SPDX-License-Identifier: Apache-2.0
"""A member's paid months and what payments bought of them, read at once: a payment waits for its member's row, and then reads both."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, null, select, union_all

from cardservice.coverage.month import ContributionMonth
from cardservice.records.member_months import MemberMonth, member_months
from cardservice.records.payment_allocations import AllocationRow, payment_allocations

_MONTHS, _BOUGHT = member_months.c, payment_allocations.c
_OF_MEMBERS = union_all(
    select(
        _MONTHS.member_id,
        null().label("payment_id"),
        _MONTHS.programme,
        _MONTHS.month,
        _MONTHS.amount,
        _MONTHS.received_at,
        _MONTHS.recorded_at,
    ).where(_MONTHS.member_id.in_(bindparam("members", expanding=True))),
    select(
        _BOUGHT.member_id, _BOUGHT.payment_id, _BOUGHT.programme, _BOUGHT.month, _BOUGHT.amount, null(), null()
    ).where(_BOUGHT.member_id.in_(bindparam("members", expanding=True))),
)

Cells = tuple[tuple[MemberMonth, ...], tuple[AllocationRow, ...]]


def of_member(connection: Connection, member_id: str) -> Cells:
    """Every paid month by programme and month, and every part of a payment that paid for one."""
    return of_members(connection, [member_id])[member_id]


def of_members(connection: Connection, member_ids: Collection[str]) -> Mapping[str, Cells]:
    """The same of some hundreds of members."""
    months: dict[str, list[MemberMonth]] = {each: [] for each in member_ids}
    bought: dict[str, list[AllocationRow]] = {each: [] for each in member_ids}
    rows = connection.execute(_OF_MEMBERS, {"members": list(member_ids)})
    for member_id, payment_id, programme, month, amount, received_at, recorded_at in rows:
        cell = programme, ContributionMonth.from_number(month), amount
        if payment_id is None:
            months[member_id].append(MemberMonth(*cell, received_at, recorded_at))
        else:
            bought[member_id].append(AllocationRow(payment_id, *cell))
    return {
        each: (tuple(sorted(months[each], key=lambda one: (one.programme, one.month))), tuple(bought[each]))
        for each in months
    }
