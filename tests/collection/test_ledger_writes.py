# SPDX-License-Identifier: Apache-2.0
"""What a payment or reversal writes is the difference to what was there: the books must end as if they had been written anew each time."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from cardservice.collection.credit import credit_payment, reverse_payment
from cardservice.collection.member_ledger import is_history, read_ledger
from cardservice.collection.snap import desk
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.records import (
    member_account,
    member_months,
    members,
    paid_cells,
    payment_allocations,
    payments,
    standing,
)
from cardservice.records.database import Database
from cardservice.records.errors import PaymentExists
from cardservice.records.member_months import MemberMonth
from tests.collection.test_short_way import go_the_long_way
from tests.collection.till import ONE_MONTH, Till, give_number
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows
from tests.records.rows import activate_card

NUMBERS = count(500)
# Of a payment of one member who owes one month, from the X-EXTERNAL-ID to the audit event; the short way is not this engine's.
# Three of them say how long each of its three waits may take: for the name, for the member, for the chain (decision 0183).
STATEMENTS = 15

Step = tuple[int, int]  # rupiah, and days since the step before; 0 rupiah: take some payment back


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([0, 0, 400, 8_000, 8_400, 25_200, 100_000]), st.integers(0, 45)), max_size=7),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_the_books_are_what_the_ledger_says_from_scratch(
    sqlite_database: Database, steps: list[Step], history: int, chance: random.Random
) -> None:
    number, at, made = next(NUMBERS), rows.NOW, []
    with sqlite_database.begin() as connection:
        bound = activate_card(connection, number)
        member_months.add(
            connection,
            bound.member_id,
            [
                MemberMonth(programme, ContributionMonth(2026, 1 + month), 5_000, None, rows.NOW)
                for programme in (Programme.JKK, Programme.JKM)
                for month in range(history)
            ],
        )
        for place, (rupiah, days) in enumerate(steps):
            at += timedelta(days=days, minutes=1)
            if rupiah:
                one = rows.payment(number * 100 + place, of_member=number, rupiah=rupiah)
                made.append(replace(one, received_at=at, recorded_at=at))
                credit_payment(connection, made[-1], rules=RULES_2026)
            elif made:
                taken = made.pop(chance.randrange(len(made)))
                reverse_payment(connection, taken, partner_id="BCA", reason="error", at=at, rules=RULES_2026)
        member = members.get(connection, bound.member_id)
        known = read_ledger(connection, member)
        wanted = known.allocated(RULES_2026, at)
        assert {(each.payment_id, each.programme, each.month, each.amount) for each in known.parts} == {
            (each.payment_id, each.programme, each.month, each.amount)
            for each in wanted.allocations
            if not is_history(each.payment_id)
        }
        months, parts = paid_cells.of_member(connection, bound.member_id)
        assert months == member_months.of_member(connection, bound.member_id)
        assert sorted(parts, key=repr) == sorted(payment_allocations.of_member(connection, bound.member_id), key=repr)
        assert {(each.programme, each.month) for each in months} == set(wanted.paid)
        if any(rupiah for rupiah, _ in steps):
            assert member_account.of_member(connection, bound.member_id).credit == wanted.credit
            (face,) = standing.of_card(connection, bound.card_id)
            assert face.paid == paid_record(connection, bound.member_id)


def test_a_taken_reference_leaves_the_transaction_usable(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        members.add(connection, rows.member(2))
        payments.add(connection, rows.payment(1))
        again = replace(rows.payment(2), reference="pay-1")
        with pytest.raises(PaymentExists):
            payments.add(connection, again)
        payments.add(connection, rows.payment(2))
    with database.read() as connection:
        assert payments.find(connection, "BCA", "pay-1") == rows.payment(1)
        assert payments.find(connection, "BCA", "pay-2") == rows.payment(2)


@pytest.mark.parametrize("way", ["short", "long"])
def test_a_payment_takes_few_statements_however_much_was_paid_before(
    till: Till, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "long":
        monkeypatch.setattr(desk, "answer_shortly", go_the_long_way)
    number = give_number(till.world.database, 1)
    till.inquire(number)
    with counted(till) as first:
        assert till.pay(number, ONE_MONTH, "pay-1").code == "2002500"
    monkeypatch.setattr(till.world.clock, "time", till.world.clock.time + timedelta(days=40))
    till.bank.get_token()
    due = int(till.inquire(number, "inq-2").account["totalAmount"]["value"].partition(".")[0])
    with counted(till) as second:
        assert till.pay(number, due, "pay-2").code == "2002500"
    for sent in (first, second):
        known = [each for each in sent if not each.startswith(("BEGIN", "PRAGMA"))]
        assert len(known) <= STATEMENTS if way == "long" else not known, known
        assert not [each for each in sent if "SAVEPOINT" in each]


@contextmanager
def counted(till: Till) -> Iterator[list[str]]:
    """Every statement that reaches the service's database meanwhile."""
    engine, sent = till.world.database.engine, []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    def save(*_: object) -> None:
        sent.append("SAVEPOINT")

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "savepoint", save)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "savepoint", save)
