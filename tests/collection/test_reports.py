# SPDX-License-Identifier: Apache-2.0
"""Reports against a small base that was counted by hand, on both databases; and that small groups are not shown.

Six members, JKK and JKM, drivers at half rate (5,000 and 3,400 a month in 2026):
1, 2, 3: January to April 2026    4: January, then July (back after a lapse)    5: January only    6: February and March
"""

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.collection.reports import arrears as of_arrears
from cardservice.collection.reports import lapses as of_lapses
from cardservice.collection.reports.claims import claim_inputs, first_claim
from cardservice.collection.reports.persistence import persistence
from cardservice.collection.reports.report import Period, Report, shown
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.enrolment.member_terms import terms_after
from cardservice.records import enrolments, member_account, member_months, members
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.enrolments import Enrolment
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth
from cardservice.records.tables import metadata
from cardservice.verification.answer import Outcome
from tests.coverage.rules_2026 import RULES_2026
from tests.enrolment.lines import take_in
from tests.records import rows

arrears = partial(of_arrears.arrears, rules=RULES_2026)
lapses = partial(of_lapses.lapses, rules=RULES_2026)
PAID = {1: (1, 2, 3, 4), 2: (1, 2, 3, 4), 3: (1, 2, 3, 4), 4: (1, 7), 5: (1,), 6: (2, 3)}
PRICES = {Programme.JKK: 5_000, Programme.JKM: 3_400}
ALL = 1  # nothing is too small to show


def period(first: str, last: str) -> Period:
    return Period(ContributionMonth.parse(first), ContributionMonth.parse(last))


@pytest.fixture
def base(database: Database) -> Database:
    own = take_in(database, "KOP-MELATI")
    with database.begin() as connection:
        verifier_id = rows.add_verifier(connection, 1)
        for number, months in PAID.items():
            bound = rows.activate_card(connection, number)
            member_months.add(
                connection,
                bound.member_id,
                [
                    MemberMonth(programme, ContributionMonth(2026, month), price, None, rows.NOW)
                    for month in months
                    for programme, price in PRICES.items()
                ],
            )
        alike = [rows.identifier("member", number) for number in (1, 2, 5)]
        enrolments.add_all(connection, [Enrolment(each, own.intermediary_id, None, rows.NOW) for each in alike])
        # Enrolled in November: 1 is answered twice and 2 once on the second day, 3 after a month and a half; 4 is refused.
        for number, (member, days, outcome) in enumerate(
            [
                (1, 1, Outcome.COVERED),
                (1, 2, Outcome.COVERED),
                (2, 1, Outcome.COVERED),
                (3, 45, Outcome.COVERED),
                (4, 1, "LAPSED"),
            ]
        ):
            answer(connection, number, member, rows.NOW + timedelta(days=days), outcome, verifier_id)
    return database


def answer(connection: Connection, number: int, member: int, at: datetime, outcome: str, verifier_id: str) -> None:
    connection.execute(
        metadata.tables["verifications"]
        .insert()
        .values(
            card_id=rows.identifier("card", member),
            receipt_id=rows.identifier("receipt", number),
            verifier_id=verifier_id,
            challenge_id=rows.identifier("challenge", number),
            outcome=outcome,
            programme=Programme.JKK,
            as_of=at.date(),
            leaf=bytes(32),
            at=at,
        )
    )


def test_persistence_by_cohort(base: Database) -> None:
    with base.read() as connection:
        made = persistence(connection, period("2026-01", "2026-04"), ALL)
    assert made.rows == (
        ("2026-01", "2026-01", 0, 5, 5, 1000),
        ("2026-01", "2026-02", 1, 5, 3, 600),
        ("2026-01", "2026-03", 2, 5, 3, 600),
        ("2026-01", "2026-04", 3, 5, 3, 600),
        ("2026-02", "2026-02", 0, 1, 1, 1000),
        ("2026-02", "2026-03", 1, 1, 1, 1000),
        ("2026-02", "2026-04", 2, 1, 0, 0),
    )


def test_lapses_and_returns(base: Database) -> None:
    """Paid through January lapses in May (two members), through March in July, through April in August, through July in November."""
    with base.read() as connection:
        made = lapses(connection, period("2026-04", "2026-11"), ALL)
    assert {row[0]: row[1:] for row in made.rows} == {
        "2026-04": (0, 0),
        "2026-05": (2, 0),
        "2026-06": (0, 0),
        "2026-07": (1, 1),
        "2026-08": (3, 0),
        "2026-09": (0, 0),
        "2026-10": (0, 0),
        "2026-11": (1, 0),
    }


def test_inputs_of_the_claim_ratio(base: Database) -> None:
    with base.read() as connection:
        made = claim_inputs(connection, period("2026-01", "2026-01"), ALL)
        asked = claim_inputs(connection, period("2026-11", "2027-01"), ALL)
    assert made.rows == (
        ("JKK", "2026-01", 5, 25_000, 0, 0),
        ("JKM", "2026-01", 5, 17_000, 0, 0),
        ("JHT", "2026-01", 0, 0, 0, 0),
    )
    assert [row for row in asked.rows if row[0] == "JKK"] == [
        ("JKK", "2026-11", 0, 0, 3, 2),
        ("JKK", "2026-12", 0, 0, 0, 0),
        ("JKK", "2027-01", 0, 0, 1, 1),
    ]


def test_new_members_by_time_to_first_claim(base: Database) -> None:
    with base.read() as connection:
        made = first_claim(connection, period("2026-10", "2026-11"), ALL)
    assert made.rows == (("2026-10", 0, 0, 0, 0, 0, 0), ("2026-11", 6, 2, 0, 1, 0, 3))


def test_arrears_by_intermediary(base: Database) -> None:
    """Through May: 1 and 2 owe May, 5 owes four months; of the others 3 owes May, 6 owes April and May, 4 nothing."""
    with base.read() as connection:
        made = arrears(connection, period("2026-05", "2026-05"), ALL)
    assert made.rows == (
        ("-", "JKK", 3, 2, 3, 15_000),
        ("-", "JKM", 3, 2, 3, 10_200),
        ("KOP-MELATI", "JKK", 3, 3, 6, 30_000),
        ("KOP-MELATI", "JKM", 3, 3, 6, 20_400),
    )


def test_arrears_count_gaps_of_a_ledger_and_set_credit_against_the_oldest_month(database: Database) -> None:
    """Owed from February; March was named by a group's payment, so February and April on are owed. Of 9,000 of credit 8,400 pay February."""
    with database.begin() as connection:
        bound = rows.activate_card(connection, 1)
        paid = [
            MemberMonth(each, ContributionMonth(2026, month), 1, None, rows.NOW) for each in PRICES for month in (1, 3)
        ]
        member_months.add(connection, bound.member_id, paid)
        owed_from = dict.fromkeys(PRICES, ContributionMonth(2026, 2))
        member_account.keep(connection, bound.member_id, MemberAccount(0, owed_from))
    with database.read() as connection:
        made = arrears(connection, period("2026-05", "2026-05"), ALL)
    assert made.rows == (("-", "JKK", 1, 1, 3, 15_000), ("-", "JKM", 1, 1, 3, 10_200))
    with database.begin() as connection:
        member_account.keep(connection, bound.member_id, MemberAccount(9_000, owed_from))
    with database.read() as connection:
        made = arrears(connection, period("2026-05", "2026-05"), ALL)
    # February is paid by credit, and 600 of April's JKK; the driver pays half price.
    assert made.rows == (("-", "JKK", 1, 1, 2, 9_400), ("-", "JKM", 1, 1, 2, 6_800))


def test_small_groups_are_not_shown(base: Database) -> None:
    with base.read() as connection:
        year = period("2026-01", "2026-12")
        made = [drawn(connection, year, 5) for drawn in (persistence, lapses, claim_inputs, first_claim, arrears)]
    by_name = {each.name: each for each in made}
    assert by_name["persistence"].rows[0] == ("2026-01", "2026-01", 0, 5, 5, 1000)
    assert by_name["persistence"].rows[1] == ("2026-01", "2026-02", 1, 5, None, None)
    assert by_name["arrears"].rows[0] == ("-", "JKK", None, None, None, None)
    assert by_name["first-claim"].rows[10] == ("2026-11", 6, None, None, None, None, None)
    for report in made:
        places = [n for n, name in enumerate(report.columns) if name not in {"months_since", "per_mille"}]
        for row in report.rows:
            assert not any(isinstance(row[n], int) and 0 < int(row[n] or 0) < 5 for n in places)


def test_sabotage_without_the_rule_a_group_of_one_is_seen(base: Database) -> None:
    with base.read() as connection:
        assert 1 in persistence(connection, period("2026-01", "2026-04"), ALL).rows[4]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(2, 10))
def test_what_is_shown_leaves_no_small_group_to_subtract(part: int, rest: int, least: int) -> None:
    if shown(part, least, of=part + rest) is not None:
        assert all(count == 0 or count >= least for count in (part, rest))


def test_a_page_is_json_and_csv(base: Database) -> None:
    with base.read() as connection:
        made: Report = arrears(connection, period("2026-05", "2026-05"), 5)
    page = made.as_json()
    assert (page["report"], page["from"], page["least"]) == ("arrears", "2026-05", 5)
    read = list(csv.DictReader(io.StringIO(made.as_csv())))
    assert read[0] == {
        "intermediary": "-",
        "programme": "JKK",
        "members": "",
        "in_arrears": "",
        "months_owed": "",
        "rupiah_owed": "",
    }


def test_a_programme_that_was_left_is_owed_no_more(database: Database) -> None:
    """Savings were joined, paid once, and left in March: the pair is owed through May, savings are not in it."""
    with database.begin() as connection:
        bound = rows.activate_card(connection, 1)
        paid = [MemberMonth(each, ContributionMonth(2026, 1), 1, None, rows.NOW) for each in Programme]
        member_months.add(connection, bound.member_id, paid)
        member = members.get(connection, bound.member_id)
        with_savings = replace(member, programmes=frozenset(Programme))
        terms = terms_after(with_savings, member, ContributionMonth(2026, 2), rows.NOW)
        members.replace_details(connection, replace(member, terms=terms))
    with database.read() as connection:
        made = arrears(connection, period("2026-05", "2026-05"), ALL)
    assert [row[:5] for row in made.rows] == [("-", "JKK", 1, 1, 4), ("-", "JKM", 1, 1, 4)]
