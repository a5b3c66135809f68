# SPDX-License-Identifier: Apache-2.0
"""The evaluator of whole bases says of every member what the decision for one says."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage import whole_base as module
from cardservice.coverage.base_columns import NO_MONTH, columns_of, month_number
from cardservice.coverage.basis import ContributionBasis
from cardservice.coverage.civil_time import month_begins
from cardservice.coverage.decision import Coverage, CoverState, Reason
from cardservice.coverage.errors import MalformedStanding, UnknownTariff
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import AllocationOrder, Arrears, Rules, Tariff
from cardservice.coverage.span_runs import stretches
from cardservice.coverage.standing import Standing
from cardservice.coverage.whole_base import NO_CURE, NO_LIMIT, STATES, Evaluation, evaluate, evaluate_all
from tests.coverage.ledgers import at
from tests.coverage.rules_2026 import RULES_2026, coverage
from tests.coverage.standings import base_pair, instants, member, month, months, standings

_NOW = at("2026-11-23 15:00")
_CITED = RULES_2026.grace_citation
# The death benefit costs more from one month on, and the accident benefit is a flat price for a while.
DEARER = {
    **RULES_2026.tariffs,
    Programme.JKM: (
        *RULES_2026.tariffs[Programme.JKM],
        Tariff(7_000, is_flat=True, citation=_CITED, first=month("2026-07")),
    ),
    Programme.JKK: (
        *RULES_2026.tariffs[Programme.JKK],
        Tariff(11_000, is_flat=True, citation=_CITED, first=month("2025-09")),
        Tariff(12_000, is_flat=False, citation=_CITED, first=month("2027-02")),
    ),
}
# Windows of which one begins before the columns do, and two share months: each month is halved once.
SHARED = (
    *(replace(each, first=month("1999-06"), last=month("2025-08")) for each in RULES_2026.half_rates[:1]),
    *(replace(each, first=month("2025-03")) for each in RULES_2026.half_rates),
)
_packs = st.builds(
    replace,
    st.just(RULES_2026),
    grace_months=st.integers(0, 4),
    arrears=st.sampled_from(Arrears),
    allocation=st.sampled_from(AllocationOrder),
    reinstatement=st.builds(
        replace,
        st.just(RULES_2026.reinstatement),
        told_months=st.integers(0, 4),
        limited_period_restarts=st.booleans(),
    ),
    tariffs=st.sampled_from([RULES_2026.tariffs, DEARER]),
    half_rates=st.sampled_from([RULES_2026.half_rates, SHARED, ()]),
    paid_together=st.sampled_from([RULES_2026.paid_together, frozenset(), frozenset(Programme)]),
)


@st.composite
def owing(draw: st.DrawFn) -> Standing:
    """A standing with what a ledger adds."""
    standing = draw(standings())
    owed = {each: draw(months) for each in sorted(standing.paid) if draw(st.booleans())}
    return replace(standing, owed_from=owed, credit=draw(st.integers(0, 60_000)))


def row(answer: Coverage) -> tuple[object, ...]:
    """An answer as the columns tell it."""
    cure = answer.cure
    return (
        answer.state,
        Reason.IN_GRACE in answer.reasons,
        Reason.REINSTATED in answer.reasons,
        NO_MONTH if answer.paid_through is None else month_number(answer.paid_through),
        NO_MONTH if answer.until is None else month_number(ContributionMonth.of(answer.until)),
        NO_LIMIT if answer.benefit_limit is None else answer.benefit_limit,
        NO_CURE if cure is None else cure.amount_rupiah,
        0 if cure is None else cure.credit_rupiah,
    )


def rows(told: Evaluation) -> list[tuple[object, ...]]:
    columns = (
        told.is_in_grace,
        told.is_back,
        told.paid_through,
        told.until,
        told.benefit_limit,
        told.cure_rupiah,
        told.cure_credit,
    )
    states = [STATES[place] for place in told.state]
    return list(zip(states, *(column.tolist() for column in columns), strict=True))


@given(st.lists(owing(), max_size=6), st.sampled_from(Programme), instants, _packs)
def test_every_member_is_judged_as_one_by_one(
    members: list[Standing], programme: Programme, as_of: datetime, pack: Rules
) -> None:
    told = rows(evaluate(columns_of(members), programme, as_of, pack))
    assert told == [row(coverage(each, programme, as_of, rule_pack=pack)) for each in members]


@given(st.lists(owing(), min_size=1, max_size=4), st.sampled_from(Programme), months)
def test_at_the_first_moment_of_a_month_too(
    members: list[Standing], programme: Programme, month: ContributionMonth
) -> None:
    as_of = month_begins(month)
    told = rows(evaluate(columns_of(members), programme, as_of, RULES_2026))
    assert told == [row(coverage(each, programme, as_of)) for each in members]


@given(st.lists(owing(), max_size=4), instants, _packs)
def test_all_programmes_at_once_are_what_each_is_by_itself(
    members: list[Standing], as_of: datetime, pack: Rules
) -> None:
    base = columns_of(members)
    told = evaluate_all(base, as_of, pack)
    assert {each: rows(own) for each, own in told.items()} == {
        each: rows(evaluate(base, each, as_of, pack)) for each in Programme
    }


def test_an_empty_base_is_no_trouble() -> None:
    assert rows(evaluate(columns_of([]), Programme.JKK, _NOW, RULES_2026)) == []


def test_every_state_is_seen() -> None:
    young = base_pair("2026-10", "2026-11")
    back = base_pair("2025-01", "2026-10", "2026-11")
    base = columns_of([base_pair(), young, base_pair("2026-09"), base_pair("2026-01"), back])
    accident = [STATES[place] for place in evaluate(base, Programme.JKK, _NOW, RULES_2026).state]
    death = [STATES[place] for place in evaluate(base, Programme.JKM, _NOW, RULES_2026).state]
    assert accident == [
        CoverState.NEVER,
        CoverState.ACTIVE,
        CoverState.GRACE,
        CoverState.LAPSED,
        CoverState.REINSTATED,
    ]
    assert death[1] is death[2] is death[4] is CoverState.WAITING_LIMITED


def test_half_a_rupiah_is_refused_here_too() -> None:
    odd = base_pair("2026-01", basis=ContributionBasis(full_monthly={Programme.JKK: 12_001}))
    with pytest.raises(UnknownTariff):
        evaluate(columns_of([odd]), Programme.JKK, _NOW, RULES_2026)


def test_a_programme_without_a_tariff_is_refused_where_a_price_is_needed() -> None:
    poor = replace(RULES_2026, tariffs={})
    assert evaluate(columns_of([member("2026-11")]), Programme.JKK, _NOW, poor).cure_rupiah[0] == NO_CURE
    with pytest.raises(UnknownTariff):
        evaluate(columns_of([member("2026-01")]), Programme.JKK, _NOW, poor)


def test_what_columns_can_not_hold_is_refused() -> None:
    with pytest.raises(MalformedStanding):
        columns_of([member("1999-12")])
    with pytest.raises(MalformedStanding):
        columns_of([member("2026-01", basis=None)])


def test_sabotage_stretches_that_forget_grace_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [base_pair("2026-09"), base_pair("2026-11")]
    monkeypatch.setattr(module, "stretches", lambda spans, at, _: stretches(spans, at, 0))
    told = rows(evaluate(columns_of(members), Programme.JKK, _NOW, RULES_2026))
    assert told != [row(coverage(each, Programme.JKK, _NOW)) for each in members]
