# SPDX-License-Identifier: Apache-2.0
"""Status does not flap: laws of group payments and moves that hold for every history of payments."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardservice.collection.group import move as module
from cardservice.collection.member_ledger import as_payment, months_document, named_months
from cardservice.coverage.account import Account
from cardservice.coverage.civil_time import month_at, month_begins
from cardservice.coverage.decision import Coverage
from cardservice.coverage.payment import NamedMonth, Payment, Reversal
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Payer
from cardservice.records.payments import Channel, PaymentRow
from tests.coverage.ledgers import History, histories, moments, pair, pays
from tests.coverage.rules_2026 import RULES_2026, coverage
from tests.coverage.standings import month

LATE = timedelta(days=4_000)
AHEAD = timedelta(days=700)


def group_payment(history: History, at: datetime, wanted: int) -> PaymentRow:
    """As a bill names them: months that are not paid yet, from that of the payment on."""
    ledger = history.ledger(at)
    first = month_at(at)
    named = [
        NamedMonth(programme, each, RULES_2026.monthly_rupiah(programme, each, history.terms.for_month(each)))
        for programme in sorted(history.terms.joined)
        for each in first.up_to(first + wanted)
        if (programme, each) not in ledger.paid
    ]
    amount = max(1, sum(each.amount for each in named))
    return PaymentRow(
        "leaver", "g", "group", "bill/2", Channel.GROUP, Payer.GROUP, amount, at, at, months_document(named)
    )


def answer(history: History, programme: Programme, as_of: datetime, known: datetime) -> Coverage:
    account = Account(history.payments, history.reversals, history.terms)
    return coverage(account, programme, as_of, knowledge_at=known)


def covered(history: History, programme: Programme, as_of: datetime, known: datetime) -> bool:
    return bool(answer(history, programme, as_of, known))


def known_since(history: History, at: datetime) -> History:
    """Only what was known before: a payment of a group is written down after what is there."""
    payments = tuple(each for each in history.payments if each.recorded_at < at)
    names = {each.payment_id for each in payments}
    reversals = tuple(each for each in history.reversals if each.payment_id in names and each.reversed_at < at)
    return replace(history, payments=payments, reversals=reversals)


def split(history: History, row: PaymentRow, moved_at: datetime) -> tuple[History, Payment | None]:
    """The leaver's history after everything ahead moved, and what the joiner gets."""
    numbers = count()
    bought = {(each.payment_id, each.programme, each.month) for each in history.ledger(moved_at).allocations}
    months = tuple(
        each
        for each in named_months(row.months)
        if each.month > month_at(moved_at) and (row.payment_id, each.programme, each.month) in bought
    )
    if not months:
        return history, None
    done = module.split_payment(row, months, "joiner", new_id=lambda: f"n{next(numbers)}", at=moved_at)
    kept = () if done.kept is None else (as_payment(done.kept),)
    return (
        replace(
            history,
            payments=(*history.payments, *kept),
            reversals=(*history.reversals, Reversal(row.payment_id, moved_at)),
        ),
        as_payment(done.given),
    )


@settings(max_examples=50)
@given(histories(), moments, st.integers(0, 11), st.integers(0, 700), st.data())
def test_a_group_payment_never_takes_cover_from_anybody(
    history: History, at: datetime, wanted: int, days: int, data: st.DataObject
) -> None:
    history = known_since(history, at)
    richer = history.plus(as_payment(group_payment(history, at, wanted)))
    programme = data.draw(st.sampled_from(sorted(history.terms.joined)))
    as_of = at + timedelta(days=days)
    if covered(history, programme, as_of, as_of):
        assert covered(richer, programme, as_of, as_of)


@settings(max_examples=50)
@given(histories(), moments, st.integers(1, 11), st.integers(0, 200), st.integers(0, 700), st.data())
def test_a_move_takes_nothing_from_the_leaver_before_the_month_moved(
    history: History, at: datetime, wanted: int, wait: int, days: int, data: st.DataObject
) -> None:
    row = group_payment(known_since(history, at), at, wanted)
    before = known_since(history, at).plus(as_payment(row))
    moved_at = at + timedelta(days=wait)
    after, given_away = split(before, row, moved_at)
    if given_away is None:
        return
    first = min(each.month for each in given_away.months)
    programme = data.draw(st.sampled_from(sorted(history.terms.joined)))
    as_of = min(at + timedelta(days=days), month_begins(first) - timedelta(microseconds=1))
    known = max(as_of, moved_at)
    assert answer(after, programme, as_of, known).state is answer(before, programme, as_of, known).state


@settings(max_examples=50)
@given(histories(), moments, st.integers(1, 11), st.integers(0, 200))
def test_a_move_leaves_the_sum_of_money_as_it_was(history: History, at: datetime, wanted: int, wait: int) -> None:
    row = group_payment(known_since(history, at), at, wanted)
    before = known_since(history, at).plus(as_payment(row))
    after, given_away = split(before, row, at + timedelta(days=wait))
    given_rupiah = 0 if given_away is None else given_away.amount
    late = at + LATE
    assert after.ledger(late).received + given_rupiah == before.ledger(late).received


@settings(max_examples=50)
@given(histories(), moments, st.integers(1, 11), st.integers(0, 200), st.data())
def test_what_was_answered_before_a_move_is_answered_the_same_after_it(
    history: History, at: datetime, wanted: int, wait: int, data: st.DataObject
) -> None:
    row = group_payment(known_since(history, at), at, wanted)
    before = known_since(history, at).plus(as_payment(row))
    moved_at = at + timedelta(days=wait)
    after, _ = split(before, row, moved_at)
    known = moved_at - timedelta(microseconds=data.draw(st.integers(1, 10**13)))
    assert after.ledger(known) == before.ledger(known)


@settings(max_examples=50)
@given(histories(), histories(), moments, st.integers(1, 11), st.integers(0, 200), st.integers(0, 700), st.data())
def test_a_joiner_loses_nothing_and_gains_nothing_before_the_move(
    leaver: History, joiner: History, at: datetime, wanted: int, wait: int, days: int, data: st.DataObject
) -> None:
    row = group_payment(known_since(leaver, at), at, wanted)
    moved_at = at + timedelta(days=wait)
    _, given_away = split(known_since(leaver, at).plus(as_payment(row)), row, moved_at)
    if given_away is None:
        return
    joiner = known_since(joiner, moved_at)
    richer = joiner.plus(given_away)
    programme = data.draw(st.sampled_from(sorted(joiner.terms.joined)))
    as_of = moved_at + timedelta(days=days)
    if covered(joiner, programme, as_of, as_of):
        assert covered(richer, programme, as_of, as_of)
    earlier = moved_at - timedelta(microseconds=1)
    late = moved_at + LATE
    if not covered(joiner, programme, earlier, late):
        assert not covered(richer, programme, earlier, late)


def test_sabotage_a_kept_payment_that_comes_at_the_move_takes_cover_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were what the leaver keeps to arrive anew, months begun would not have been paid when they were asked about."""
    history = History((), (), pair())
    at = pays("x", "2026-11-02 10:00", 1).received_at
    row = group_payment(history, at, 2)
    before = history.plus(as_payment(row))
    moved_at = at + timedelta(days=10)
    as_of = at + timedelta(days=5)
    after, _ = split(before, row, moved_at)
    assert covered(after, Programme.JKK, as_of, moved_at)
    monkeypatch.setattr(module, "min", max, raising=False)
    monkeypatch.setattr(module, "replace", lambda source, **new: replace(source, **{**new, "received_at": moved_at}))
    after, _ = split(before, row, moved_at)
    assert not covered(after, Programme.JKK, as_of, moved_at)
    assert month("2026-11") == month_at(at)
