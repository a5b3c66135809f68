# SPDX-License-Identifier: Apache-2.0
"""What ``coverage`` and ``decide`` answer, case by case."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from cardservice.coverage.civil_time import month_begins
from cardservice.coverage.decision import Coverage, CoverState, Reason
from cardservice.coverage.paid_months import PaidMonths, PaidSpan
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Standing
from tests.coverage.ledgers import at
from tests.coverage.rules_2026 import RULES_2026, coverage, decide
from tests.coverage.standings import base_pair, member, month, noon

_JKK = Programme.JKK
_NOW = at("2026-11-23 15:00")


def _on(standing: Standing, day: str, now: str | None = None) -> Coverage:
    """Asked on the day itself, or on a later one."""
    return decide(standing, _JKK, date.fromisoformat(day), now=noon(date.fromisoformat(now or day)))


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2026-07-01", CoverState.ACTIVE),
        ("2026-07-31", CoverState.ACTIVE),
        ("2026-08-01", CoverState.GRACE),
        ("2026-10-31", CoverState.GRACE),
        ("2026-11-01", CoverState.LAPSED),
    ],
)
def test_a_month_covers_to_its_last_day_and_three_months_of_grace_follow(as_of: str, state: CoverState) -> None:
    answer = _on(member("2026-07"), as_of)
    assert (answer.state, answer.paid_through) == (state, month("2026-07"))
    assert bool(answer) is (state is not CoverState.LAPSED)
    if answer:
        assert (answer.until, answer.paid_until, answer.benefit_limit) == (date(2026, 10, 31), date(2026, 7, 31), None)
    else:
        assert (answer.until, answer.reasons, answer.benefit_limit) == (None, (Reason.LAPSED,), 0)


@pytest.mark.parametrize(
    ("paid", "last", "first_without"),
    [
        ("2023-11", "2024-02-29T23:59:59.999999+07:00", "2024-03-01T00:00:00+07:00"),
        ("2025-11", "2026-02-28T23:59:59+07:00", "2026-03-01T00:00:00+07:00"),
        ("2026-10", "2027-01-31T16:59:59+00:00", "2027-01-31T17:00:00+00:00"),
        ("2026-08", "2026-12-01T00:59:59+08:00", "2026-12-01T01:00:00+08:00"),
        ("2026-08", "2026-12-01T01:59:59+09:00", "2026-12-01T02:00:00+09:00"),
    ],
)
def test_grace_ends_with_its_month_in_jakarta_in_leap_years_and_on_every_clock(
    paid: str, last: str, first_without: str
) -> None:
    assert coverage(member(paid), _JKK, datetime.fromisoformat(last))
    assert not coverage(member(paid), _JKK, datetime.fromisoformat(first_without))


def test_leap_day_itself_is_covered() -> None:
    assert _on(member("2028-02"), "2028-02-29").state is CoverState.ACTIVE


@pytest.mark.parametrize(
    ("standing", "state", "reason"),
    [
        (member("2026-07", programme=Programme.JKM), CoverState.NEVER, Reason.PROGRAMME_NOT_JOINED),
        (member(), CoverState.NEVER, Reason.NEVER_PAID),
        (member("2027-01"), CoverState.NEVER, Reason.NOT_YET_STARTED),
        (member("2026-01"), CoverState.LAPSED, Reason.LAPSED),
    ],
)
def test_reasons(standing: Standing, state: CoverState, reason: Reason) -> None:
    answer = coverage(standing, _JKK, _NOW)
    assert (answer.state, answer.reason) == (state, reason)


# The guard: money that came after the event.

_PAID_AT = at("2026-11-20 10:30")
_CURED = member("2026-03").with_payment(_JKK, month("2026-04").up_to(month("2026-11")), _PAID_AT)


@pytest.mark.parametrize("event", ["2026-08-01 00:00", "2026-11-19 23:59", "2026-11-20 10:29"])
def test_money_that_came_after_the_event_does_not_cover_it_and_the_answer_says_so(event: str) -> None:
    answer = coverage(_CURED, _JKK, at(event), knowledge_at=_NOW)
    assert not answer
    assert answer.reasons == (Reason.PAID_AFTER_EVENT, Reason.LAPSED)
    assert (answer.moment, answer.paid_at) == (at(event), _PAID_AT)
    assert answer.evidence["event_at"] == f"{event}:00 WIB"
    assert answer.evidence["paid_at"] == "2026-11-20 10:30:00 WIB"
    # Cover holds now, so there is nothing to pay.
    assert answer.cure is None


def test_from_the_moment_of_the_money_on_events_are_covered() -> None:
    assert coverage(_CURED, _JKK, _PAID_AT, knowledge_at=_NOW)
    assert not coverage(_CURED, _JKK, _PAID_AT - timedelta(microseconds=1), knowledge_at=_NOW)
    assert coverage(_CURED, _JKK, _NOW)


def test_what_grace_covered_before_stays_covered_as_it_was_answered_then() -> None:
    event = at("2026-06-30 12:00")
    assert coverage(_CURED, _JKK, event, knowledge_at=_NOW) == coverage(
        member("2026-03"), _JKK, event, knowledge_at=_NOW
    )


def test_sabotage_forgetting_when_money_came_would_cover_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaidMonths, "arrived_by", lambda self, _: self)
    monkeypatch.setattr(PaidSpan, "effective_from", property(lambda self: month_begins(self.first)))
    assert coverage(_CURED, _JKK, at("2026-11-19 12:00"), knowledge_at=_NOW)


def test_asked_for_a_day_without_an_hour_money_of_that_day_needs_the_hour() -> None:
    assert _on(_CURED, "2026-11-19", "2026-11-23").reason is Reason.PAID_AFTER_EVENT
    that_day = _on(_CURED, "2026-11-20", "2026-11-23")
    assert not that_day
    assert that_day.reasons == (Reason.PAID_THAT_DAY, Reason.LAPSED)
    assert that_day.paid_at == _PAID_AT
    assert _on(_CURED, "2026-11-21", "2026-11-23")


def test_asked_today_the_moment_of_asking_decides() -> None:
    day = _PAID_AT.date()
    assert not decide(_CURED, _JKK, day, now=at("2026-11-20 10:29"))
    assert decide(_CURED, _JKK, day, now=at("2026-11-20 10:31"))


def test_knowledge_of_an_earlier_moment_ignores_what_came_later() -> None:
    cured = member("2026-03").with_payment(_JKK, [month("2026-11")], _PAID_AT)
    event = at("2026-11-25 08:00")
    assert coverage(cured, _JKK, event)
    then = coverage(cured, _JKK, event, knowledge_at=at("2026-11-19 08:00"))
    assert (then.state, then.reason) == (CoverState.LAPSED, Reason.LAPSED)


def test_money_for_months_long_gone_makes_no_cover() -> None:
    late = member().with_payment(_JKK, [month("2025-01")], at("2026-06-01 08:00"))
    answer = coverage(late, _JKK, at("2026-06-02 08:00"))
    assert (answer.state, answer.reason, answer.paid_through) == (CoverState.LAPSED, Reason.LAPSED, month("2025-01"))


def test_months_paid_ahead_carry_cover_over_a_gap_that_grace_bridges() -> None:
    answer = _on(member("2026-01", "2026-05", "2026-06"), "2026-02-10")
    assert (answer.state, answer.paid_through) == (CoverState.GRACE, month("2026-01"))
    assert answer.until == date(2026, 9, 30)
    assert _on(member("2026-01", "2026-06"), "2026-02-10").until == date(2026, 4, 30)


def test_grace_is_a_parameter() -> None:
    two_months = replace(RULES_2026, grace_months=2)
    moment = at("2026-10-01 09:00")
    assert coverage(member("2026-07"), _JKK, moment)
    assert not coverage(member("2026-07"), _JKK, moment, rule_pack=two_months)


def test_a_cover_proof_decides_the_same_and_tells_nothing_of_the_past_or_of_other_programmes() -> None:
    proof = Standing.of_cover_proof({1: 202609, 2: 202601, 77: 202611}, _NOW)
    row = Standing(
        {
            Programme.JKK: PaidMonths.through(month("2026-09"), month("2020-01")),
            Programme.JKM: PaidMonths.through(month("2026-01"), month("2020-01")),
        }
    )
    for programme in (Programme.JKK, Programme.JKM):
        stated, kept = coverage(proof, programme, _NOW), coverage(row, programme, _NOW)
        assert (stated.state, stated.until, stated.reasons) == (kept.state, kept.until, kept.reasons)
        assert stated.benefit_limit == (None if stated else 0)
    for programme, day in ((Programme.JHT, date(2026, 11, 23)), (Programme.JKK, date(2026, 11, 22))):
        answer = decide(proof, programme, day, now=_NOW)
        assert not answer
        assert (answer.state, answer.reason, answer.benefit_limit) == (None, Reason.NOT_STATED, None)


def test_base_pair_decides_each_programme_by_its_own_months() -> None:
    standing = replace(base_pair("2026-11"), paid={**base_pair("2026-11").paid, Programme.JKM: PaidMonths()})
    assert coverage(standing, Programme.JKK, _NOW)
    assert not coverage(standing, Programme.JKM, _NOW)
