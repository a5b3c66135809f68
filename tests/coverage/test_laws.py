# SPDX-License-Identifier: Apache-2.0
"""Laws of cover that hold for every member."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cardservice.coverage import cure as cure_module
from cardservice.coverage import decide as decide_module
from cardservice.coverage.decide import decide
from cardservice.coverage.decision import Covered, CoverState, Decision, NotCovered, Reason
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import PaidMonths, Standing
from tests.coverage.standings import days, member, months, standings

programmes = st.sampled_from(Programme)


def _rank(decision: Decision) -> int:
    if isinstance(decision, NotCovered):
        return 0
    return 1 if decision.state is CoverState.GRACE else 2


@given(standings(), programmes, days, st.frozensets(months, min_size=1, max_size=6), days)
def test_more_months_paid_never_lower_the_state(
    standing: Standing, programme: Programme, as_of: date, more: frozenset[ContributionMonth], paid_on: date
) -> None:
    richer = standing.with_payment(programme, more, paid_on)
    before, after = decide(standing, programme, as_of), decide(richer, programme, as_of)
    assert _rank(after) >= _rank(before)
    if isinstance(before, Covered) and isinstance(after, Covered):
        assert after.until >= before.until


@given(standings(), programmes, days, days, st.frozensets(months, min_size=1, max_size=6))
def test_money_never_changes_an_answer_about_a_day_before_it(
    standing: Standing, programme: Programme, as_of: date, paid_on: date, more: frozenset[ContributionMonth]
) -> None:
    assume(as_of < paid_on and programme in standing.paid)
    later = standing.with_payment(programme, more, paid_on)
    assert _rank(decide(later, programme, as_of, knowledge_at=paid_on)) == _rank(decide(standing, programme, as_of))
    assert decide(later, programme, as_of) == decide(standing, programme, as_of)


@given(st.frozensets(months, max_size=8), months, st.data())
def test_within_a_month_every_day_is_the_same(
    paid: frozenset[ContributionMonth], month: ContributionMonth, data: st.DataObject
) -> None:
    standing = Standing({Programme.JKK: PaidMonths.of(paid)})
    one, other = (data.draw(st.dates(month.first_day, month.last_day)) for _ in range(2))
    first, second = decide(standing, Programme.JKK, one), decide(standing, Programme.JKK, other)
    assert _said(first) == _said(second)


def _said(decision: Decision) -> tuple[object, ...]:
    """All but the day itself, and the cure, which is paid on the day."""
    if isinstance(decision, NotCovered):
        return decision.reason, decision.paid_through
    return decision.state, decision.paid_through, decision.until


@given(standings(), programmes, days)
def test_the_cure_when_paid_covers(standing: Standing, programme: Programme, today: date) -> None:
    decision = decide(standing, programme, today)
    if isinstance(decision, Covered) or decision.cure is None:
        assert isinstance(decision, Covered) or decision.reason is Reason.PROGRAMME_NOT_JOINED
        return
    assert _pay(standing, decision, today, programme)


def _pay(standing: Standing, decision: NotCovered, today: date, programme: Programme) -> bool:
    cure = decision.cure
    assert cure is not None
    assert cure.amount_rupiah is not None
    assert cure.amount_rupiah > 0
    for due in cure.dues:
        assert due.month not in standing.paid[due.programme].known_on(today)
        standing = standing.with_payment(due.programme, [due.month], today)
    restored = decide(standing, programme, today)
    return (
        isinstance(restored, Covered)
        and restored.state is CoverState.ACTIVE
        and restored.until >= cure.restores_through
    )


def test_sabotage_a_cure_without_the_current_month_does_not_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    real = cure_module._unpaid
    monkeypatch.setattr(cure_module, "_unpaid", lambda *given: real(*given)[:-1] or real(*given)[:1])
    today = date(2026, 11, 23)
    decision = decide_module.decide(member("2026-01"), Programme.JKK, today)
    assert isinstance(decision, NotCovered)
    assert not _pay(member("2026-01"), decision, today, Programme.JKK)


@given(standings(), programmes, days)
def test_covered_until_is_the_last_day_covered(standing: Standing, programme: Programme, today: date) -> None:
    decision = decide(standing, programme, today)
    if isinstance(decision, Covered):
        assert decide(standing, programme, decision.until, knowledge_at=today)
        after = date.fromordinal(decision.until.toordinal() + 1)
        assert not decide(standing, programme, after, knowledge_at=today)
        assert decision.paid_through <= ContributionMonth.of(decision.until)
