# SPDX-License-Identifier: Apache-2.0
"""Laws of cover that hold for every member."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cardservice.coverage.account import Account
from cardservice.coverage.civil_time import JAKARTA, day_begins, day_ends, month_at, month_begins
from cardservice.coverage.cure import months_due
from cardservice.coverage.decision import Coverage, CoverState, Reason
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.paid_months import PaidMonths
from cardservice.coverage.payment import Payment, Reversal
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Standing
from tests.coverage.ledgers import History, at, histories, moments, pair, payments
from tests.coverage.rules_2026 import RULES_2026, coverage, decide
from tests.coverage.standings import days, instants, member, months, standings

programmes = st.sampled_from(Programme)
_RANKS = {
    None: 0,
    CoverState.NEVER: 0,
    CoverState.LAPSED: 0,
    CoverState.WAITING_LIMITED: 1,
    CoverState.GRACE: 2,
    CoverState.REINSTATED: 3,
    CoverState.ACTIVE: 3,
}


def _is_no_less(after: Coverage, before: Coverage) -> bool:
    """No lower state, no earlier end, no smaller benefit."""
    if _RANKS[after.state] < _RANKS[before.state]:
        return False
    if before.until is not None and (after.until is None or after.until < before.until):
        return False
    return after.benefit_limit is None or (
        before.benefit_limit is not None and after.benefit_limit >= before.benefit_limit
    )


@given(standings(), programmes, instants, st.frozensets(months, min_size=1, max_size=6), instants)
def test_more_months_paid_never_lower_the_state(
    standing: Standing, programme: Programme, as_of: datetime, more: frozenset[ContributionMonth], paid_at: datetime
) -> None:
    richer = standing.with_payment(programme, more, paid_at)
    assert _is_no_less(coverage(richer, programme, as_of), coverage(standing, programme, as_of))


@given(histories(), programmes, moments, moments, st.data())
def test_more_money_never_lowers_the_state(
    history: History, programme: Programme, as_of: datetime, knowledge_at: datetime, data: st.DataObject
) -> None:
    richer = history.plus(data.draw(payments(history.terms, "more")))
    answers = [
        coverage(Account(each.payments, each.reversals, each.terms), programme, as_of, knowledge_at=knowledge_at)
        for each in (history, richer)
    ]
    assert _is_no_less(answers[1], answers[0])


@given(histories(), programmes, moments, moments, st.data())
def test_more_money_never_lowers_the_state_where_payments_say_when_debts_begin_either(
    history: History, programme: Programme, as_of: datetime, knowledge_at: datetime, data: st.DataObject
) -> None:
    """As the books have it: no first month is agreed, and money is learned of after the money before it."""
    terms = replace(history.terms, joined=dict.fromkeys(history.terms.joined))
    begun = replace(
        history, terms=terms, payments=tuple(each for each in history.payments if not _names_what_is_to_come(each))
    )
    assume(any(not each.months for each in begun.payments))
    more = data.draw(payments(terms, "more"))
    last = max(each.recorded_at for each in begun.payments)
    richer = begun.plus(replace(more, recorded_at=max(more.recorded_at, last + timedelta(microseconds=1))))
    reversals = tuple(
        each for each in history.reversals if each.payment_id in {one.payment_id for one in begun.payments}
    )
    answers = [
        coverage(Account(each.payments, reversals, terms), programme, as_of, knowledge_at=knowledge_at)
        for each in (begun, richer)
    ]
    assert _is_no_less(answers[1], answers[0])


def _names_what_is_to_come(payment: Payment) -> bool:
    return any(named.month > month_at(payment.arrived_at) for named in payment.months)


@given(histories(), programmes, moments, moments, st.data())
def test_a_past_answer_with_fixed_knowledge_never_changes(
    history: History, programme: Programme, as_of: datetime, knowledge_at: datetime, data: st.DataObject
) -> None:
    account = Account(history.payments, history.reversals, history.terms)
    then = coverage(account, programme, as_of, knowledge_at=knowledge_at)
    late = knowledge_at + timedelta(microseconds=1)
    more = data.draw(payments(history.terms, "late"))
    learned = replace(account, payments=(*account.payments, replace(more, recorded_at=max(late, more.recorded_at))))
    taken: Payment = data.draw(st.sampled_from(learned.payments))
    learned = replace(learned, reversals=(*learned.reversals, Reversal(taken.payment_id, late)))
    correction = replace(history.terms.bases[0], recorded_at=late, first=data.draw(months))
    learned = replace(learned, terms=replace(learned.terms, bases=(*learned.terms.bases, correction)))
    assert coverage(learned, programme, as_of, knowledge_at=knowledge_at) == then


@given(standings(), programmes, instants, instants, st.frozensets(months, min_size=1, max_size=6))
def test_money_never_changes_an_answer_about_a_moment_before_it(
    standing: Standing, programme: Programme, as_of: datetime, paid_at: datetime, more: frozenset[ContributionMonth]
) -> None:
    assume(as_of < paid_at and programme in standing.paid)
    later = standing.with_payment(programme, more, paid_at)
    after, before = coverage(later, programme, as_of, knowledge_at=paid_at), coverage(standing, programme, as_of)
    assert (after.state, after.until, after.benefit_limit) == (before.state, before.until, before.benefit_limit)
    assert coverage(later, programme, as_of) == before


@given(st.frozensets(months, max_size=8), months, st.data())
def test_within_a_month_every_moment_is_the_same(
    paid: frozenset[ContributionMonth], month: ContributionMonth, data: st.DataObject
) -> None:
    standing = Standing({Programme.JKM: PaidMonths.of(paid)})
    span = st.integers(0, int((month_begins(month + 1) - month_begins(month)).total_seconds()) - 1)
    first, second = (
        coverage(standing, Programme.JKM, month_begins(month) + timedelta(seconds=data.draw(span))) for _ in range(2)
    )
    assert replace(first, moment=second.moment, cure=None) == replace(second, cure=None)


@given(standings(), programmes, instants)
def test_the_cure_when_paid_restores_what_it_says(standing: Standing, programme: Programme, now: datetime) -> None:
    answer = coverage(standing, programme, now)
    if answer.cure is None:
        assert answer or answer.reason is Reason.PROGRAMME_NOT_JOINED
        return
    assert _pay(standing, answer, now)


def _pay(standing: Standing, answer: Coverage, now: datetime) -> bool:
    cure = answer.cure
    assert cure is not None
    assert cure.amount_rupiah is not None
    assert cure.amount_rupiah > 0
    for due in cure.dues:
        assert due.month not in standing.paid[due.programme].arrived_by(now)
        standing = standing.with_payment(due.programme, [due.month], now)
    restored = coverage(standing, answer.programme, now)
    return (restored.state, restored.until, restored.benefit_limit, Reason.IN_GRACE in restored.reasons) == (
        cure.restores,
        cure.restores_through,
        cure.restores_benefit_limit,
        False,
    )


@given(histories(), programmes, moments)
def test_the_amount_of_the_cure_paid_without_a_word_is_just_enough(
    history: History, programme: Programme, now: datetime
) -> None:
    """Money that names no month goes where the ledger sends it: the cure's amount restores, and one rupiah less pays something less."""
    account = Account(history.payments, history.reversals, history.terms)
    answer = coverage(account, programme, now)
    if answer.cure is None or _owed_later(account, now):
        return
    assert answer.cure.amount_rupiah
    enough, too_little = (
        replace(account, payments=(*account.payments, Payment("cure", now, now, answer.cure.amount_rupiah - short)))
        for short in (0, 1)
    )
    restored = coverage(enough, programme, now)
    assert (restored.state, restored.until) == (answer.cure.restores, answer.cure.restores_through)
    due = {(each.programme, each.month) for each in answer.cure.dues}
    assert due <= enough.ledger(now, RULES_2026).paid.keys()
    assert not due <= too_little.ledger(now, RULES_2026).paid.keys()


def _owed_later(account: Account, now: datetime) -> bool:
    return any(first is not None and first > month_at(now) for first in account.terms.joined.values())


def test_sabotage_a_cure_that_forgets_the_other_programme_s_debt_does_not_restore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, joined = at("2026-11-23 15:00"), dict.fromkeys(Programme, ContributionMonth(2026, 6))
    account = Account((), (), replace(pair(), joined=joined))
    monkeypatch.setattr(
        "cardservice.coverage.decide.months_due",
        lambda *given: tuple(each for each in months_due(*given) if each.programme is not Programme.JHT),
    )
    cure = coverage(account, Programme.JKK, now).cure
    assert cure is not None
    assert cure.amount_rupiah
    paid = replace(account, payments=(Payment("cure", now, now, cure.amount_rupiah),))
    assert not coverage(paid, Programme.JKK, now)


def test_sabotage_a_cure_without_the_current_month_does_not_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    now = at("2026-11-23 15:00")
    monkeypatch.setattr("cardservice.coverage.decide.months_due", lambda *given: months_due(*given)[:-1])
    answer = coverage(member("2026-01"), Programme.JKK, now)
    assert answer.cure is not None
    assert answer.cure.restores is not CoverState.REINSTATED


@given(standings(), programmes, instants)
def test_covered_until_is_the_last_day_covered(standing: Standing, programme: Programme, now: datetime) -> None:
    answer = coverage(standing, programme, now)
    if answer.until is not None:
        assert coverage(standing, programme, day_ends(answer.until), knowledge_at=now)
        assert not coverage(standing, programme, day_ends(answer.until) + timedelta(microseconds=1), knowledge_at=now)
        assert answer.paid_through is not None
        assert answer.paid_through <= ContributionMonth.of(answer.until)


@given(standings(), programmes, days, instants)
def test_a_day_is_covered_only_if_every_moment_of_it_is(
    standing: Standing, programme: Programme, day: date, now: datetime
) -> None:
    assume(day < now.astimezone(JAKARTA).date())
    answer = decide(standing, programme, day, now=now)
    begins, ends = (coverage(standing, programme, each, knowledge_at=now) for each in (day_begins(day), day_ends(day)))
    assert bool(answer) == bool(begins)
    assert not begins or ends
    assert (answer.reason is Reason.PAID_THAT_DAY) == (not begins and bool(ends))
