# SPDX-License-Identifier: Apache-2.0
"""The limited benefit of the first months, and what a return after a lapse means (facts/contributions.md, section 4)."""

from dataclasses import replace

import pytest

from cardservice.coverage.decision import CoverState, Reason
from cardservice.coverage.programme import Programme
from tests.coverage.ledgers import at
from tests.coverage.rules_2026 import RULES_2026, coverage
from tests.coverage.standings import base_pair, month

_YOUNG = base_pair("2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
_BACK = base_pair("2025-01").with_payment(
    Programme.JKM, month("2026-01").up_to(month("2026-05")), at("2026-01-10 09:00")
)
_BACK = _BACK.with_payment(Programme.JKK, month("2026-01").up_to(month("2026-05")), at("2026-01-10 09:00"))
_LIMITED, _FULL = 10_000_000, 42_000_000


@pytest.mark.parametrize(
    ("moment", "state", "limit"),
    [
        ("2026-01-01 00:00", CoverState.WAITING_LIMITED, _LIMITED),
        ("2026-03-31 23:59", CoverState.WAITING_LIMITED, _LIMITED),
        ("2026-04-01 00:00", CoverState.ACTIVE, _FULL),
        ("2026-06-01 00:00", CoverState.GRACE, _FULL),
        ("2026-09-01 00:00", CoverState.LAPSED, 0),
    ],
)
def test_the_death_benefit_is_limited_in_the_first_three_months(moment: str, state: CoverState, limit: int) -> None:
    answer = coverage(_YOUNG, Programme.JKM, at(moment))
    assert (answer.state, answer.benefit_limit) == (state, limit)
    assert (Reason.LIMITED_BENEFIT in answer.reasons) is (state is CoverState.WAITING_LIMITED)


def test_work_accidents_are_covered_in_full_from_the_first_day() -> None:
    answer = coverage(_YOUNG, Programme.JKK, at("2026-01-01 00:00"))
    assert (answer.state, answer.benefit_limit, answer.reasons) == (CoverState.ACTIVE, None, ())


def test_in_grace_inside_the_first_months_both_are_told_and_the_limit_comes_first() -> None:
    answer = coverage(base_pair("2026-01"), Programme.JKM, at("2026-02-15 09:00"))
    assert (answer.state, answer.reasons) == (
        CoverState.WAITING_LIMITED,
        (Reason.LIMITED_BENEFIT, Reason.IN_GRACE),
    )
    assert answer.cure is not None


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2026-01-10 08:59", CoverState.LAPSED),
        ("2026-01-10 09:00", CoverState.REINSTATED),
        ("2026-03-31 23:59", CoverState.REINSTATED),
        ("2026-04-01 00:00", CoverState.ACTIVE),
    ],
)
def test_a_return_after_a_lapse_is_told_for_three_months(moment: str, state: CoverState) -> None:
    answer = coverage(_BACK, Programme.JKK, at(moment), knowledge_at=at("2026-05-01 00:00"))
    assert answer.state is state
    assert (Reason.REINSTATED in answer.reasons) is (state is CoverState.REINSTATED)


@pytest.mark.parametrize(
    ("restarts", "state", "limit"),
    [(True, CoverState.WAITING_LIMITED, _LIMITED), (False, CoverState.REINSTATED, _FULL)],
)
def test_whether_the_limited_period_begins_anew_is_a_parameter(restarts: bool, state: CoverState, limit: int) -> None:  # noqa: FBT001 - a table's column
    returning = replace(RULES_2026.reinstatement, limited_period_restarts=restarts)
    rules = replace(RULES_2026, reinstatement=returning)
    answer = coverage(_BACK, Programme.JKM, at("2026-02-01 00:00"), rule_pack=rules)
    assert (answer.state, answer.benefit_limit) == (state, limit)


def test_a_gap_that_grace_bridges_is_no_lapse() -> None:
    answer = coverage(base_pair("2026-01", "2026-05"), Programme.JKM, at("2026-05-02 00:00"))
    assert (answer.state, answer.reasons, answer.benefit_limit) == (CoverState.ACTIVE, (), _FULL)
