# SPDX-License-Identifier: Apache-2.0
"""All members with what was paid for them, some thousands at a time, in the order of their identifiers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, bindparam, select

from cardservice.coverage.month import ContributionMonth
from cardservice.records.member_account import MemberAccount, account_of_row, member_account
from cardservice.records.member_months import MemberMonth, member_months
from cardservice.records.members import Member, members

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class MemberWithMonths:
    """One member and everything that decides cover."""

    member: Member
    months: tuple[MemberMonth, ...]
    account: MemberAccount


_MEMBERS = (
    select(members)
    .where(members.c.member_id > bindparam("after"))
    .order_by(members.c.member_id)
    .limit(bindparam("most"))
)
_MONTHS = (
    select(member_months)
    .where(member_months.c.member_id > bindparam("after"), member_months.c.member_id <= bindparam("last"))
    .order_by(member_months.c.member_id, member_months.c.programme, member_months.c.month)
)
_ACCOUNTS = select(member_account).where(
    member_account.c.member_id > bindparam("after"), member_account.c.member_id <= bindparam("last")
)


def stream(connection: Connection, chunk: int = CHUNK) -> Iterator[list[MemberWithMonths]]:
    """The whole base, ``chunk`` members at a time. Read it in one transaction, or members may change between two chunks."""
    after = ""
    while True:
        found = [Member(**row) for row in connection.execute(_MEMBERS, {"after": after, "most": chunk}).mappings()]
        if not found:
            return
        asked = {"after": after, "last": found[-1].member_id}
        months = _months(connection, asked)
        accounts = {row["member_id"]: account_of_row(row) for row in connection.execute(_ACCOUNTS, asked).mappings()}
        yield [
            MemberWithMonths(each, months.get(each.member_id, ()), accounts.get(each.member_id, MemberAccount()))
            for each in found
        ]
        after = found[-1].member_id


def _months(connection: Connection, asked: Mapping[str, str]) -> Mapping[str, tuple[MemberMonth, ...]]:
    rows = connection.execute(_MONTHS, asked)
    return {
        member_id: tuple(
            MemberMonth(
                row.programme, ContributionMonth.from_number(row.month), row.amount, row.received_at, row.recorded_at
            )
            for row in own
        )
        for member_id, own in groupby(rows, lambda row: row.member_id)
    }
