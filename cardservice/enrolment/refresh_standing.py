# SPDX-License-Identifier: Apache-2.0
"""``refresh_standing``: what was paid for a member, copied to every face of the member's cards.

``card_standing`` is a copy of ``members``, ``member_months`` and ``member_account``, made in the transaction that changes them, so that a
verification reads one row.
"""

from collections.abc import Iterable
from datetime import datetime

from cardservice.coverage.programme import Programme
from cardservice.enrolment.income_band import full_monthly
from cardservice.enrolment.member_terms import terms_of
from cardservice.records import member_account, member_months, members, standing
from cardservice.records.connection import Connection
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth
from cardservice.records.members import Member
from cardservice.records.paid_record import PaidRecord
from cardservice.records.paid_spans import spans_of


def paid_record(connection: Connection, member_id: str) -> PaidRecord:
    """What a verification or a cover proof needs to know of one member. Raises RecordNotFound."""
    member = members.get(connection, member_id)
    months = member_months.of_member(connection, member_id)
    return paid_record_of(member, months, member_account.of_member(connection, member_id))


def paid_record_of(member: Member, months: Iterable[MemberMonth], account: MemberAccount) -> PaidRecord:
    """The same of what was read already."""
    monthly = full_monthly(member.income_band)
    return PaidRecord(
        programmes=member.programmes,
        paid=spans_of(months),
        work_sector=member.work_sector,
        payer=member.payer,
        full_monthly_jkk=monthly[Programme.JKK],
        full_monthly_jht=monthly[Programme.JHT],
        account=account,
        bases=terms_of(member).bases if member.terms else (),
    )


def refresh_standing(connection: Connection, member_id: str, at: datetime) -> int:
    """Copy it to every face of every card of the member; returns how many faces. Raises RecordNotFound."""
    return standing.set_paid(connection, member_id, paid_record(connection, member_id), at)
