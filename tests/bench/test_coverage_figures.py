# SPDX-License-Identifier: Apache-2.0
"""``bench/run coverage``: the base is what it claims to be, and its figures come."""

import numpy as np
import pytest

from bench.coverage import NOW, OTHER_PACK, figures
from bench.coverage_base import LEAST_MONTHS, MOST_MONTHS, chunk
from cardservice.coverage.base_columns import SpanColumns
from cardservice.coverage.decision import CoverState
from cardservice.coverage.pack_difference import difference, together
from cardservice.coverage.programme import Programme
from cardservice.coverage.whole_base import STATES, evaluate
from tests.coverage.rules_2026 import RULES_2026


def months_of_each(spans: SpanColumns) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    months = (spans.last - spans.first + 1).astype(np.int64)
    return np.add.reduceat(months, spans.offsets[:-1])


def test_histories_have_6_to_60_months_with_gaps_and_every_state() -> None:
    base = chunk(3_000, 1)
    months = months_of_each(base.spans[Programme.JKM])
    assert (months.min(), months.max()) == (LEAST_MONTHS, MOST_MONTHS)
    assert base.spans[Programme.JHT].offsets[-1] == len(base.spans[Programme.JHT].first)
    states = {STATES[place] for place in evaluate(base, Programme.JKM, NOW, RULES_2026).state}
    assert states == set(CoverState) - {CoverState.NEVER, CoverState.REINSTATED}
    states = {STATES[place] for place in evaluate(base, Programme.JKK, NOW, RULES_2026).state}
    assert CoverState.REINSTATED in states


def test_figures_come_with_their_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARTU_BENCH_MEMBERS", "2000")
    told = list(figures())
    assert [each.goal is not None for each in told] == [False, True, False, False, False, True, False, False, False]
    assert all(each.value for each in told)


def test_the_difference_of_parts_is_the_difference_of_the_whole() -> None:
    parts = [difference(chunk(500, seed), Programme.JKM, NOW, RULES_2026, OTHER_PACK) for seed in (1, 2)]
    whole = together(parts)
    assert sum(sums.members for sums in whole.values()) == 1_000
    moved = {(group.before, group.after) for group, sums in whole.items() if group.before is not group.after}
    assert (CoverState.GRACE, CoverState.LAPSED) in moved
