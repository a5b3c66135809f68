# SPDX-License-Identifier: Apache-2.0
"""The whole base is read member by member as one member is read alone, on both databases and across the edges of chunks."""

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.enrolment.standings import standings
from cardservice.records import member_account, member_months, members
from cardservice.records.database import Database
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth
from tests.records import rows

PEOPLE = range(1, 6)


def test_every_member_comes_once_with_all_that_decides(database: Database) -> None:
    with database.begin() as connection:
        for number in PEOPLE:
            members.add(connection, rows.member(number))
            member_id = rows.identifier("member", number)
            months = [
                MemberMonth(Programme.JKK, ContributionMonth(2026, month), 5_000, rows.NOW, rows.NOW)
                for month in range(1, number)
            ]
            member_months.add(connection, member_id, months)
            if number % 2:
                member_account.keep(
                    connection, member_id, MemberAccount(number, {Programme.JKK: ContributionMonth(2026, 1)})
                )
    with database.read() as connection:
        alone = [
            paid_record(connection, member_id).for_coverage()
            for member_id in sorted(rows.identifier("member", number) for number in PEOPLE)
        ]
        for chunk in (1, 2, 100):
            read = list(standings(connection, chunk))
            assert [each for part in read for each in part] == alone
            assert max(map(len, read)) <= chunk


def test_an_empty_book_has_nobody(sqlite_database: Database) -> None:
    with sqlite_database.read() as connection:
        assert list(standings(connection)) == []
