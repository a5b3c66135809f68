# SPDX-License-Identifier: Apache-2.0
"""The limited benefit of the first months, and what a return after a lapse means (facts/contributions.md, section 4)."""

import random
from dataclasses import replace

import pytest

from cardservice.coverage import decide as deciding
from cardservice.coverage.decision import CoverState, Reason
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Standing
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


@pytest.mark.parametrize(
    ("member", "moment", "state"),
    [
        (base_pair(), "2026-05-02 00:00", CoverState.NEVER),
        (_YOUNG, "2026-01-01 00:00", CoverState.WAITING_LIMITED),
        (_YOUNG, "2026-05-02 00:00", CoverState.ACTIVE),
        (_YOUNG, "2026-06-01 00:00", CoverState.GRACE),
        (_YOUNG, "2026-09-01 00:00", CoverState.LAPSED),
    ],
)
def test_the_question_as_issue_4_writes_it(member: Standing, moment: str, state: CoverState) -> None:
    """In this order, without names: member, programme, as_of, knowledge_at, rule_pack."""
    as_of = knowledge_at = at(moment)
    answer = deciding.coverage(member, Programme.JKM, as_of, knowledge_at, RULES_2026)
    told = (answer.state, answer.paid_through, answer.benefit_limit, answer.reasons, answer.cure)
    assert told[0] is state
    assert bool(told[1]) is (state is not CoverState.NEVER)
    assert bool(told[2]) is bool(answer) is state.is_covered
    assert bool(told[3]) is (state is not CoverState.ACTIVE)
    assert bool(told[4]) is (state in {CoverState.NEVER, CoverState.GRACE, CoverState.LAPSED})


def test_each_state_and_reason_that_a_ledger_can_come_to_is_reached() -> None:
    """By random histories, asked about at random moments: a state that nobody ever reaches would be a word and no rule."""
    chance = random.Random(4)
    states: set[CoverState | None] = set()
    reasons: set[Reason] = set()
    for _ in range(1_500):
        paid = [f"2025-{number:02d}" for number in range(1, 13) if chance.random() < 0.3]
        standing = base_pair(*paid)
        if chance.random() < 0.5:
            late = month("2025-01").up_to(month(f"2025-{chance.randint(1, 12):02d}"))
            standing = standing.with_payment(Programme.JKM, late, at(f"2025-{chance.randint(1, 12):02d}-10 09:00"))
        as_of = at(f"202{chance.randint(4, 6)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d} 08:00")
        answer = coverage(standing, chance.choice(list(Programme)), as_of, knowledge_at=at("2026-12-31 00:00"))
        states.add(answer.state)
        reasons.update(answer.reasons)
    assert states == set(CoverState)
    # Of a day without its hour, and of a card read off line, only decide() and a proof can tell.
    assert set(Reason) - reasons == {Reason.PAID_THAT_DAY, Reason.NOT_STATED}


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
