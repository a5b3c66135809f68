# SPDX-License-Identifier: Apache-2.0
"""A list settled at once ends as if each of its payments had been credited alone, in as few statements for many members as for some."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from cardservice.collection import credit_together as module
from cardservice.collection.credit import credit_payment, reverse_payment
from cardservice.collection.credit_together import credit_together, reverse_together
from cardservice.collection.errors import PaymentReversed
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records import (
    member_account,
    member_months,
    members,
    paid_cells,
    payment_allocations,
    payments,
    standing,
)
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import PaymentExists, RecordNotFound
from cardservice.records.member_months import MemberMonth
from cardservice.records.payments import PaymentRow
from tests.collection.groups import NOW, Cooperative
from tests.collection.till import ONE_MONTH, table_sizes
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows
from tests.records.rows import activate_card

NUMBERS = count(1)
REASON = "returned"
named_months = st.lists(st.integers(0, 6), max_size=4, unique=True)
shares = st.tuples(st.integers(0, 3), st.sampled_from([400, 8_400, 25_200]), named_months)


Listed = tuple[int, int, list[int]]  # whose, rupiah without a name, and months that are named


def payment(number: int, first: int, share: Listed, at: datetime) -> PaymentRow:
    who, rupiah, named = share
    months: list[Any] = [["JKK", (ContributionMonth(2026, 11) + each).number, 5_000] for each in sorted(named)]
    row = rows.payment(number, of_member=first + who, rupiah=rupiah + 5_000 * len(named))
    return replace(row, months=months, received_at=at, recorded_at=at)


def books(connection: Connection, people: list[int]) -> object:
    """Everything that a settlement may change about members."""
    found: list[object] = []
    for number in people:
        member_id = rows.identifier("member", number)
        months, parts = paid_cells.of_member(connection, member_id)
        faces = standing.of_card(connection, rows.identifier("card", number))
        own = payments.of_member(connection, member_id)
        account = member_account.of_member(connection, member_id)
        found.append((own, months, sorted(parts, key=repr), account, faces))
    return found


@settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(shares, min_size=1, max_size=6),
    st.lists(shares, min_size=1, max_size=8),
    st.integers(0, 3),
    st.integers(0, 70),
    st.randoms(use_true_random=False),
)
def test_together_is_what_one_by_one_would_have_been(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    before: list[Listed],
    listed: list[Listed],
    history: int,
    days: int,
    chance: random.Random,
) -> None:
    monkeypatch.setattr(module, "TOGETHER", 3)
    monkeypatch.setattr(payment_allocations, "MANY", 0)
    monkeypatch.setattr(member_months, "MANY", 0)
    first = next(NUMBERS) * 10
    people = [first + each for each in range(4)]
    later = NOW + timedelta(days=days)
    made = [payment(first * 100 + place, first, share, NOW) for place, share in enumerate(before)]
    fresh = [payment(first * 100 + 50 + place, first, share, later) for place, share in enumerate(listed)]
    taken = chance.sample(made + fresh, chance.randint(1, len(made + fresh)))
    told: dict[str, Any] = {"partner_id": "BCA", "reason": REASON, "at": later + timedelta(days=1), "rules": RULES_2026}
    with database.begin() as connection:
        for number in people:
            bound = activate_card(connection, number)
            months = [
                MemberMonth(Programme.JKK, ContributionMonth(2026, 8) + each, 5_000, None, NOW)
                for each in range(history)
            ]
            member_months.add(connection, bound.member_id, months)
        for each in made:
            credit_payment(connection, each, rules=RULES_2026)
    with database.begin() as connection:
        alone = connection.begin_nested()
        credited = [credit_payment(connection, each, rules=RULES_2026).event for each in fresh]
        books_credited = books(connection, people)
        reversed_ = [reverse_payment(connection, each, **told).event for each in taken]
        books_reversed = books(connection, people)
        alone.rollback()
        assert credit_together(connection, fresh, rules=RULES_2026) == credited
        assert books(connection, people) == books_credited
        assert reverse_together(connection, taken, **told) == reversed_
        assert books(connection, people) == books_reversed


def test_one_that_cant_be_credited_or_taken_back_leaves_all_as_they_were(database: Database) -> None:
    with database.begin() as connection:
        for number in (1, 2):
            members.add(connection, rows.member(number))
        credit_payment(connection, rows.payment(1), rules=RULES_2026)
    sizes = table_sizes(database)
    again = replace(rows.payment(3, of_member=1), reference="pay-1")
    with pytest.raises(PaymentExists) as taken, database.begin() as connection:
        credit_together(connection, [rows.payment(2), again], rules=RULES_2026)
    assert taken.value.evidence == {"reference": "pay-1"}
    with pytest.raises(RecordNotFound), database.begin() as connection:
        credit_together(connection, [rows.payment(2), rows.payment(3)], rules=RULES_2026)
    assert table_sizes(database) == sizes
    told: dict[str, Any] = {"partner_id": "BCA", "reason": REASON, "at": NOW, "rules": RULES_2026}
    with database.begin() as connection:
        credit_payment(connection, rows.payment(2), rules=RULES_2026)
        reverse_together(connection, [rows.payment(1)], **told)
    sizes = table_sizes(database)
    with pytest.raises(PaymentReversed), database.begin() as connection:
        reverse_together(connection, [rows.payment(2), rows.payment(1)], **told)
    assert table_sizes(database) == sizes


def test_sabotage_where_a_members_payments_take_no_turns_the_second_forgets_the_first(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the whole list in one turn, so that both payments of a member are decided by the ledger of before."""
    monkeypatch.setattr(module, "_turns", lambda listed: [listed])
    with sqlite_database.begin() as connection:
        members.add(connection, rows.member(1))
        credit_together(connection, [rows.payment(1), rows.payment(2, of_member=1)], rules=RULES_2026)
        months = member_months.of_member(connection, rows.identifier("member", 1))
    assert {each.month for each in months} == {ContributionMonth(2026, 11)}


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def statements_of(cooperative: Cooperative, size: int, first: int) -> tuple[int, int]:
    """Of settling and of taking back a bill of so many members, four months each."""
    people = range(first, first + size)
    cooperative.enrol(*people)
    cooperative.bill("".join(f"P-{each:04d},4\n" for each in people), f"b{size}")
    with counted(cooperative.database) as settling:
        assert cooperative.pay(size * 4 * ONE_MONTH, f"TRF-{size}", bill=f"b{size}")
    with counted(cooperative.database) as bouncing:
        cooperative.bounce(f"TRF-{size}")
    assert all(cooperative.months(each) == "" for each in people)
    return len(settling), len(bouncing)


def test_many_members_take_as_few_statements_as_some(database: Database) -> None:
    """SQLite writes a long list in several statements for its own sake, of some hundreds of rows each."""
    cooperative = Cooperative(database)
    few, many = statements_of(cooperative, 35, 1), statements_of(cooperative, 140, 101)
    assert max(few) <= 40
    assert all(more - less <= 8 for less, more in zip(few, many, strict=True))
