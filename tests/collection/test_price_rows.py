# SPDX-License-Identifier: Apache-2.0
"""A list read some hundreds of members at a time comes to what row by row comes to, in as few statements for many members as for some."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardservice.collection.credit import credit_payment
from cardservice.collection.group import price_rows as module
from cardservice.collection.group.list import GroupListRow, read_group_list
from cardservice.collection.group.payer import Payer, payer_at_work
from cardservice.collection.group.price_rows import PricedRow, price_rows
from cardservice.collection.group.row_problem import GroupRowProblem, GroupRule
from cardservice.collection.member_ledger import MemberLedger, read_ledger
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import NamedMonth, Payment
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import WorkSector
from cardservice.enrolment.scope import Deed, Outside
from cardservice.records import enrolments, member_months, members, payment_numbers
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.enrolments import Enrolment
from cardservice.records.intermediaries import SCHEME_ID
from cardservice.records.member_months import MemberMonth
from cardservice.records.members import Member
from tests.collection.groups import CODE, NOW, Cooperative
from tests.collection.test_credit_together import counted, named_months, payment, shares
from tests.collection.till import give_number
from tests.coverage.rules_2026 import RULES_2026
from tests.enrolment.lines import scope
from tests.records import rows

NUMBERS = count(1)
MUCH = 10**12  # rupiah: more than ten years cost


def one_by_one(
    connection: Connection, payer: Payer, listed: tuple[GroupListRow, ...], rules: Rules, at: datetime
) -> tuple[list[PricedRow], list[GroupRowProblem]]:
    """As it was done before, row after row, with money for ten years."""
    priced: list[PricedRow] = []
    problems: list[GroupRowProblem] = []
    first_line: dict[str, int] = {}
    for row in listed:
        member = found(connection, row, at)
        if isinstance(member, GroupRowProblem):
            problems.append(member)
            continue
        if (first := first_line.setdefault(member.member_id, row.line)) != row.line:
            problems.append(GroupRowProblem(row.line, "member", GroupRule.MEMBER_REPEATED, {"first_line": first}))
            continue
        decision = payer.may_pay_for(connection, member, at)
        if isinstance(decision, Outside):
            evidence = {"ground": decision.ground.value, "at": decision.at}
            problems.append(GroupRowProblem(row.line, "member", GroupRule.OUT_OF_SCOPE, evidence))
            continue
        months = with_much(read_ledger(connection, member), rules, at, row.months)
        reaches = max(each.month for each in months) >= month_at(at)
        priced.append(PricedRow(row.line, member.member_id, member.external_ref, months, reaches))
    return priced, problems


def found(connection: Connection, row: GroupListRow, at: datetime) -> Member | GroupRowProblem:
    if not row.is_number:
        known = members.find_by_ref(connection, row.member)
        return known or GroupRowProblem(row.line, "member", GroupRule.MEMBER_UNKNOWN)
    number = payment_numbers.find(connection, row.member)
    if number is None:
        return GroupRowProblem(row.line, "member", GroupRule.MEMBER_UNKNOWN)
    if number.expires_at is not None and number.expires_at <= at:
        return GroupRowProblem(row.line, "member", GroupRule.NUMBER_ENDED)
    return members.get(connection, number.member_id)


def with_much(known: MemberLedger, rules: Rules, at: datetime, most: int) -> tuple[NamedMonth, ...]:
    paid = known.allocated(rules, at).paid
    cells = [cell for cell in known.allocated(rules, at, Payment("group-bill", at, at, MUCH)).paid if cell not in paid]
    chosen = list(dict.fromkeys(month for _, month in cells))[:most]
    return tuple(
        NamedMonth(programme, month, rules.monthly_rupiah(programme, month, known.terms.for_month(month)))
        for programme, month in cells
        if month in chosen
    )


people = st.lists(
    st.tuples(
        st.sampled_from([10_000, 20_000, 40_000]),
        st.sampled_from(["JKK+JKM", "JKK+JKM+JHT", "JHT"]),
        st.sampled_from(list(WorkSector)),
        st.sampled_from(["3273", "3171", None]),
    ),
    min_size=4,
    max_size=4,
)
listed_rows = st.lists(
    st.tuples(st.sampled_from(["ref", "number", "ended", "unknown"]), st.integers(0, 3), st.integers(1, 12)),
    min_size=1,
    max_size=9,
)


@pytest.fixture
def western(database: Database) -> Cooperative:
    """A payer for members of one province only."""
    return Cooperative(database, scope(regions=frozenset({"32"}), deeds=[Deed.COLLECT]))


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people, listed_rows, st.lists(shares, max_size=5), named_months, st.integers(0, 500))
def test_together_is_what_row_by_row_would_have_been(
    western: Cooperative,
    monkeypatch: pytest.MonkeyPatch,
    who: list[tuple[int, str, WorkSector, str | None]],
    listed: list[tuple[str, int, int]],
    before: list[Any],
    history: list[int],
    days: int,
) -> None:
    monkeypatch.setattr(module, "TOGETHER", 3)
    database, first, later = western.database, next(NUMBERS) * 100, NOW + timedelta(days=days)
    numbers: dict[tuple[str, int], str] = {}
    with database.begin() as connection:
        for place, (band, joined, sector, region) in enumerate(who):
            programmes = frozenset(map(Programme, joined.split("+")))
            row = replace(rows.member(first + place), income_band=band, work_sector=sector, programmes=programmes)
            members.add(connection, row)
            if region is not None:
                enrolments.add_all(connection, [Enrolment(row.member_id, SCHEME_ID, region, NOW)])
            months = [
                MemberMonth(min(programmes), ContributionMonth(2026, 6) + each, band, None, NOW) for each in history
            ]
            member_months.add(connection, row.member_id, months)
        for place, share in enumerate(before):
            credit_payment(connection, payment(first * 100 + place, first, share, NOW), rules=RULES_2026)
    for place in range(4):
        digits = give_number(database, first + place, add_member=False)
        if any(kind == "ended" and whose == place for kind, whose, _ in listed):
            with database.begin() as connection:
                payment_numbers.end(connection, rows.identifier("member", first + place), NOW)
        numbers |= {("number", place): digits, ("ended", place): digits}
        numbers |= {("ref", place): f"P-{first + place:04d}", ("unknown", place): f"X-{place}"}
    text = "member,months\n" + "".join(f"{numbers[kind, whose]},{most}\n" for kind, whose, most in listed)
    told = read_group_list(text.encode())
    with database.begin() as connection:
        payer = payer_at_work(connection, CODE, later)
        priced, problems = one_by_one(connection, payer, told.rows, RULES_2026, later)
        assert price_rows(connection, payer, told, RULES_2026, later) == (tuple(priced), tuple(problems))


def test_many_members_take_as_few_statements_as_some(database: Database) -> None:
    cooperative = Cooperative(database)
    counts = []
    for first, size in ((1, 20), (101, 200)):
        cooperative.enrol(*range(first, first + size))
        text = "".join(f"P-{each:04d},3\n" for each in range(first, first + size))
        with counted(database) as asked:
            assert len(cooperative.bill(text, f"b{size}", dry_run=True).rows) == size
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 15


def test_sabotage_money_for_fewer_months_than_asked_is_seen(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the money that is enough is not."""
    cooperative = Cooperative(sqlite_database)
    cooperative.enrol(1)
    monkeypatch.setattr(module, "_enough", lambda *_: 2 * 8_400)
    (row,) = cooperative.bill("P-0001,3\n", dry_run=True).rows
    assert len({each.month for each in row.months}) == 2
