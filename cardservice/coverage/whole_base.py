# SPDX-License-Identifier: Apache-2.0
"""``evaluate``: what ``coverage`` says of every member of a base, at one moment and from what is known at it, column by column.

A property test holds it to the scalar decision, member by member. Ten million members take some seconds; objects would take an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from cardservice.coverage.base_columns import (
    MONTH_BEGINS,
    NO_MONTH,
    BaseColumns,
    moment_number,
    month_number,
)
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.decision import CoverState
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.span_runs import (
    Flags,
    Numbers,
    Runs,
    Spans,
    Stretches,
    last_paid_up_to,
    paid_runs,
    stretches,
    visible_spans,
)
from cardservice.coverage.whole_base_cure import cure_columns

STATES = tuple(CoverState)
PLACES = {state: STATES.index(state) for state in STATES}
NO_LIMIT = -1  # of a benefit
NO_CURE = -1


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One row per member. ``state`` is a place in STATES. ``paid_through`` and ``until`` are month numbers, NO_MONTH where there is none.

    ``is_in_grace`` and ``is_back`` are the reasons IN_GRACE and REINSTATED, which a state may hide. ``benefit_limit`` is NO_LIMIT where the
    programme has none, ``cure_rupiah`` NO_CURE where nothing is to be paid; both in whole rupiah, as is ``cure_credit``.
    """

    state: NDArray[np.int8]
    is_in_grace: Flags
    is_back: Flags
    paid_through: Numbers
    until: Numbers
    benefit_limit: Numbers
    cure_rupiah: Numbers
    cure_credit: Numbers


@dataclass(frozen=True, slots=True)
class _Seen:
    """What had arrived by the moment, in every programme: a cure needs the others, too."""

    spans: Mapping[Programme, Spans]
    runs: Mapping[Programme, Runs]


def evaluate(base: BaseColumns, programme: Programme, as_of: datetime, rules: Rules) -> Evaluation:
    """Decide every member at ``as_of`` (aware). Raises UnknownTariff if any cure needs a month without a price."""
    return _evaluation(base, _seen(base, as_of), programme, as_of, rules)


def evaluate_all(base: BaseColumns, as_of: datetime, rules: Rules) -> Mapping[Programme, Evaluation]:
    """The same for every programme, with what they share looked at once. Who has not joined one is NEVER in it, without a cure."""
    seen = _seen(base, as_of)
    return {programme: _evaluation(base, seen, programme, as_of, rules) for programme in base.spans}


def _seen(base: BaseColumns, as_of: datetime) -> _Seen:
    spans = {each: visible_spans(columns, moment_number(as_of)) for each, columns in base.spans.items()}
    return _Seen(spans, {each: paid_runs(visible) for each, visible in spans.items()})


def _evaluation(base: BaseColumns, seen: _Seen, programme: Programme, as_of: datetime, rules: Rules) -> Evaluation:
    moment, current = moment_number(as_of), month_number(month_at(as_of))
    joined = base.spans[programme].joined
    spans, runs = seen.spans, seen.runs
    # 1. The last paid month, and the stretch of cover that the moment lies in.
    anchor = last_paid_up_to(spans[programme], current)
    cover = stretches(spans[programme], moment, rules.grace_months)
    has_begun = cover.count > 0
    is_covered = has_begun & (moment < MONTH_BEGINS[cover.end])
    is_in_grace = is_covered & (anchor != current)
    # 2. The state; each line may only take from those that the lines before left ACTIVE.
    state = np.full(len(base), PLACES[CoverState.ACTIVE], dtype=np.int8)
    state[~is_covered] = PLACES[CoverState.NEVER]
    state[~is_covered & (has_begun | (anchor != NO_MONTH))] = PLACES[CoverState.LAPSED]
    is_back = is_covered & (cover.count > 1) & (current - cover.last_month < rules.reinstatement.told_months)
    state[is_back] = PLACES[CoverState.REINSTATED]
    state[is_in_grace] = PLACES[CoverState.GRACE]
    # 3. The benefit, limited while membership is young.
    limit, is_limited = _benefits(programme, cover, current, rules, is_covered)
    state[is_limited] = PLACES[CoverState.WAITING_LIMITED]
    # 4. The cure, for those who need one.
    concerned = np.flatnonzero(joined & (~is_covered | is_in_grace))
    cure = np.full(len(base), NO_CURE, dtype=np.int64)
    credit = np.zeros(len(base), dtype=np.int64)
    cure[concerned], credit[concerned] = cure_columns(base, runs, programme, current, rules, concerned)
    return Evaluation(
        state,
        is_in_grace,
        is_back,
        np.where(is_covered, runs[programme].end_of_run_with(anchor), anchor),
        np.where(is_covered, cover.end - 1, NO_MONTH),
        limit,
        cure,
        credit,
    )


def _benefits(
    programme: Programme, cover: Stretches, current: int, rules: Rules, is_covered: Flags
) -> tuple[Numbers, Flags]:
    benefit = rules.benefits.get(programme)
    if benefit is None:
        return np.where(is_covered, NO_LIMIT, 0).astype(np.int64), np.zeros(len(is_covered), dtype=np.bool_)
    since = cover.last_month if rules.reinstatement.limited_period_restarts else cover.first_month
    is_limited = is_covered & (current - since < benefit.limited_months)
    limit = np.where(is_limited, benefit.limited_rupiah, np.where(is_covered, benefit.limit_rupiah, 0))
    return limit.astype(np.int64), is_limited
