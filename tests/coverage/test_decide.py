# SPDX-License-Identifier: Apache-2.0
"""What ``decide`` answers, case by case."""

from dataclasses import replace
from datetime import date

import pytest

from cardservice.coverage.decide import decide
from cardservice.coverage.decision import Covered, CoverState, NotCovered, Reason
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules_2026 import RULES_2026
from cardservice.coverage.standing import PaidMonths, Standing
from tests.coverage.standings import base_pair, member, month

_JKK = Programme.JKK


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2026-07-01", CoverState.ACTIVE),
        ("2026-07-31", CoverState.ACTIVE),
        ("2026-08-01", CoverState.GRACE),
        ("2026-10-31", CoverState.GRACE),
        ("2026-11-01", None),
    ],
)
def test_a_month_covers_to_its_last_day_and_three_months_of_grace_follow(as_of: str, state: CoverState | None) -> None:
    decision = decide(member("2026-07"), _JKK, date.fromisoformat(as_of))
    if state is None:
        assert not decision
        assert isinstance(decision, NotCovered)
        assert decision.reason is Reason.LAPSED
        assert decision.paid_through == month("2026-07")
    else:
        assert decision
        assert decision == Covered(_JKK, date.fromisoformat(as_of), state, month("2026-07"), date(2026, 10, 31))
        assert decision.paid_until == date(2026, 7, 31)


@pytest.mark.parametrize(
    ("paid", "until"),
    [("2023-11", "2024-02-29"), ("2025-11", "2026-02-28"), ("2026-10", "2027-01-31"), ("2026-08", "2026-11-30")],
)
def test_grace_ends_with_its_month_in_leap_years_too(paid: str, until: str) -> None:
    end = date.fromisoformat(until)
    assert decide(member(paid), _JKK, end)
    assert not decide(member(paid), _JKK, date.fromordinal(end.toordinal() + 1))


def test_leap_day_itself_is_covered() -> None:
    decision = decide(member("2028-02"), _JKK, date(2028, 2, 29))
    assert isinstance(decision, Covered)
    assert decision.state is CoverState.ACTIVE


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (member("2026-07", programme=Programme.JKM), Reason.PROGRAMME_NOT_JOINED),
        (member(), Reason.NEVER_PAID),
        (member("2027-01"), Reason.NOT_YET_STARTED),
        (member("2026-01"), Reason.LAPSED),
    ],
)
def test_reasons(standing: Standing, reason: Reason) -> None:
    decision = decide(standing, _JKK, date(2026, 11, 23))
    assert isinstance(decision, NotCovered)
    assert decision.reason is reason


def test_money_that_came_after_the_event_does_not_cover_it() -> None:
    lapsed = member("2026-03")
    paid_on = date(2026, 11, 20)
    cured = lapsed.with_payment(_JKK, month("2026-04").up_to(month("2026-11")), paid_on)
    for day in (date(2026, 8, 1), date(2026, 11, 19)):
        decision = decide(cured, _JKK, day, knowledge_at=date(2026, 11, 23))
        assert isinstance(decision, NotCovered)
        assert decision.reason is Reason.PAID_AFTER_EVENT
        assert decision.cure is None
    assert decide(cured, _JKK, paid_on)
    # What grace covered before stays covered, as it was answered then.
    assert decide(cured, _JKK, date(2026, 6, 30), knowledge_at=date(2026, 11, 23)) == decide(
        lapsed, _JKK, date(2026, 6, 30)
    )


def test_sabotage_forgetting_when_money_came_would_cover_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    cured = member("2026-03").with_payment(_JKK, month("2026-04").up_to(month("2026-11")), date(2026, 11, 20))
    monkeypatch.setattr(PaidMonths, "known_on", lambda self, _day: self)
    assert decide(cured, _JKK, date(2026, 11, 19), knowledge_at=date(2026, 11, 23))


def test_knowledge_of_an_earlier_day_ignores_what_came_later() -> None:
    cured = member("2026-03").with_payment(_JKK, [month("2026-11")], date(2026, 11, 20))
    assert decide(cured, _JKK, date(2026, 11, 25))
    then = decide(cured, _JKK, date(2026, 11, 25), knowledge_at=date(2026, 11, 19))
    assert isinstance(then, NotCovered)
    assert then.reason is Reason.LAPSED


def test_months_paid_ahead_carry_cover_over_a_gap_that_grace_bridges() -> None:
    decision = decide(member("2026-01", "2026-05", "2026-06"), _JKK, date(2026, 2, 10))
    assert isinstance(decision, Covered)
    assert (decision.state, decision.paid_through) == (CoverState.GRACE, month("2026-01"))
    assert decision.until == date(2026, 9, 30)
    too_far = decide(member("2026-01", "2026-06"), _JKK, date(2026, 2, 10))
    assert isinstance(too_far, Covered)
    assert too_far.until == date(2026, 4, 30)


def test_grace_is_a_parameter() -> None:
    two_months = replace(RULES_2026, grace_months=2)
    assert decide(member("2026-07"), _JKK, date(2026, 10, 1))
    assert not decide(member("2026-07"), _JKK, date(2026, 10, 1), rule_pack=two_months)


def test_a_standing_row_is_enough() -> None:
    row = Standing.paid_through({Programme.JKK: month("2026-09"), Programme.JHT: None})
    assert decide(row, Programme.JKK, date(2026, 11, 23))
    never = decide(row, Programme.JHT, date(2026, 11, 23))
    assert isinstance(never, NotCovered)
    assert never.reason is Reason.NEVER_PAID


def test_a_ledger_knows_what_a_standing_row_has_forgotten() -> None:
    late = [(Programme.JKK, paid, date(2026, 11, 20)) for paid in month("2026-02").up_to(month("2026-11"))]
    ledger = Standing.of_payments([Programme.JKK, Programme.JHT], [(Programme.JKK, month("2026-01"), None), *late])
    event, today = date(2026, 8, 17), date(2026, 11, 23)
    decision = decide(ledger, Programme.JKK, event, knowledge_at=today)
    assert isinstance(decision, NotCovered)
    assert decision.reason is Reason.PAID_AFTER_EVENT
    assert decide(Standing.paid_through({Programme.JKK: month("2026-11")}), Programme.JKK, event, knowledge_at=today)
    assert decide(ledger, Programme.JKK, today)
    assert decide(ledger, Programme.JKK, date(2026, 4, 30), knowledge_at=today)
    assert not decide(ledger, Programme.JHT, today)


def test_a_cover_proof_decides_the_same_and_tells_nothing_of_the_past_or_of_other_programmes() -> None:
    stated_on = date(2026, 11, 23)
    proof = Standing.of_cover_proof({1: 202609, 2: 202601, 77: 202611}, stated_on)
    row = Standing.paid_through({Programme.JKK: month("2026-09"), Programme.JKM: month("2026-01")})
    assert decide(proof, Programme.JKK, stated_on) == decide(row, Programme.JKK, stated_on)
    assert decide(proof, Programme.JKM, stated_on) == decide(row, Programme.JKM, stated_on)
    for programme, day in ((Programme.JHT, stated_on), (Programme.JKK, date(2026, 11, 22))):
        decision = decide(proof, programme, day)
        assert isinstance(decision, NotCovered)
        assert decision.reason is Reason.NOT_STATED


def test_base_pair_decides_each_programme_by_its_own_months() -> None:
    standing = replace(base_pair("2026-11"), paid={**base_pair("2026-11").paid, Programme.JKM: PaidMonths()})
    assert decide(standing, Programme.JKK, date(2026, 11, 23))
    assert not decide(standing, Programme.JKM, date(2026, 11, 23))
