# SPDX-License-Identifier: Apache-2.0
"""The standing of every member, as the books have it now: what rule packs are compared over."""

from collections.abc import Iterator

from cardservice.coverage.paid_months import PaidMonths
from cardservice.coverage.standing import Standing
from cardservice.enrolment.income_band import contribution_basis
from cardservice.records import whole_base
from cardservice.records.connection import Connection
from cardservice.records.paid_spans import spans_of
from cardservice.records.whole_base import CHUNK, MemberWithMonths


def standings(connection: Connection, chunk: int = CHUNK) -> Iterator[list[Standing]]:
    """All members, some at a time."""
    for found in whole_base.stream(connection, chunk):
        yield [standing_of(each) for each in found]


def standing_of(each: MemberWithMonths) -> Standing:
    """The standing of one of them."""
    member, paid = each.member, spans_of(each.months)
    return Standing(
        {programme: paid.get(programme, PaidMonths()) for programme in sorted(member.programmes)},
        contribution_basis(member.work_sector, member.payer, member.income_band),
        each.account.credit,
        each.account.owed_from,
    )
