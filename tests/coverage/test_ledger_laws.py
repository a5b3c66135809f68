# SPDX-License-Identifier: Apache-2.0
"""Laws of the ledger that hold for every history of payments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage import ledger as module
from cardservice.coverage.ledger import Ledger
from cardservice.coverage.payment import Payment, Reversal
from cardservice.coverage.programme import Programme
from tests.coverage.ledgers import ALWAYS, History, amounts, histories, moments, pair, payments, pays
from tests.coverage.standings import month


@given(histories(), moments)
def test_allocated_and_credit_are_what_was_paid(history: History, knowledge_at: datetime) -> None:
    ledger = history.ledger(knowledge_at)
    assert ledger.allocated + ledger.credit == ledger.received
    known = [each for each in history.payments if each.recorded_at <= knowledge_at]
    assert ledger.received + ledger.reversed == sum(each.amount for each in known)
    assert ledger.credit >= 0
    for payment in known:
        assert (
            sum(each.amount for each in ledger.allocations if each.payment_id == payment.payment_id) <= payment.amount
        )


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_payments_are_told_does_not_matter(history: History, chance: object) -> None:
    shuffled = list(history.payments)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis' own kind of random
    assert replace(history, payments=tuple(shuffled)).ledger() == history.ledger()


@given(histories(), moments, st.lists(amounts, min_size=2, max_size=4), st.data())
def test_payments_of_one_moment_are_as_good_as_one_payment(
    history: History, moment: datetime, parts: list[int], data: st.DataObject
) -> None:
    names = data.draw(st.permutations([f"a{number}" for number in range(len(parts))]))
    split = history.plus(*(Payment(name, moment, moment, part) for name, part in zip(names, parts, strict=True)))
    whole = history.plus(Payment("a", moment, moment, sum(parts)))
    assert _outcome(split.ledger()) == _outcome(whole.ledger())


def _outcome(ledger: Ledger) -> tuple[object, ...]:
    return ledger.paid, ledger.credit, ledger.received


@given(histories(), moments, st.data())
def test_more_money_pays_no_month_later_and_none_less(
    history: History, knowledge_at: datetime, data: st.DataObject
) -> None:
    before = history.ledger(knowledge_at)
    after = history.plus(data.draw(payments(history.terms, "more"))).ledger(knowledge_at)
    for cell, since in before.paid.items():
        assert after.paid[cell] <= since


def test_sabotage_where_debts_are_forgiven_more_money_can_pay_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law above is not empty: were the queue to begin with the month of the payment, one rupiah more would break it."""
    first, second = pays("a", "2025-01-05 10:00", 16_799), pays("b", "2025-05-05 10:00", 16_801)
    history = History((first, second), (), pair("2025-01"))
    assert {cell[1] for cell in history.ledger().paid} == {month("2025-01"), month("2025-02")}
    real = module._in_order
    monkeypatch.setattr(module, "_in_order", lambda first, current, rules: real(max(first, current), current, rules))
    poor = {cell[1] for cell in history.ledger().paid}
    rich = {cell[1] for cell in history.plus(pays("c", "2025-01-04 10:00", 1)).ledger().paid}
    assert not rich >= poor


@given(histories(), moments, st.data())
def test_what_is_learned_later_changes_nothing_that_was_known(
    history: History, knowledge_at: datetime, data: st.DataObject
) -> None:
    then = history.ledger(knowledge_at)
    late = knowledge_at + timedelta(microseconds=1)
    more = data.draw(payments(history.terms, "late"))
    learned = history.plus(replace(more, recorded_at=max(more.recorded_at, late)))
    taken = data.draw(st.sampled_from(learned.payments))
    learned = replace(learned, reversals=(*learned.reversals, Reversal(taken.payment_id, late)))
    assert learned.ledger(knowledge_at) == then


@given(histories())
def test_cover_never_begins_before_the_money_came(history: History) -> None:
    arrivals = {each.payment_id: each.arrived_at for each in history.payments}
    ledger = history.ledger()
    for each in ledger.allocations:
        assert ledger.paid[each.programme, each.month] >= arrivals[each.payment_id]


def test_a_knowledge_before_everything_knows_nothing() -> None:
    history = History((pays("a", "2026-01-05 10:00", 16_800),), (), pair("2026-01"))
    assert history.ledger(datetime(2020, 1, 1, tzinfo=UTC)).paid == {}
    assert (Programme.JKK, month("2026-01")) in history.ledger(ALWAYS).paid
