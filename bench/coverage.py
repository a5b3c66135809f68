# SPDX-License-Identifier: Apache-2.0
"""Deciding cover: one member after another, a whole base of ten million on two processes, and two rule packs side by side over it.

KARTU_BENCH_MEMBERS makes the base smaller; the goals are those of ten million and are scaled to it. Making members is not counted.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import perf_counter, process_time

from bench.coverage_base import chunk
from bench.figure import Figure
from cardservice.coverage.base_columns import BaseColumns, month_of_number
from cardservice.coverage.basis import ContributionBasis, Payer, WorkSector
from cardservice.coverage.decide import coverage
from cardservice.coverage.pack_difference import Difference, difference, together
from cardservice.coverage.paid_months import PaidMonths, PaidSpan
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Standing
from cardservice.coverage.whole_base import evaluate_all
from cardservice.rule_folder import load_rule_packs

MEMBERS = 10_000_000
PROCESSES = 2
CHUNK = 200_000
SCALAR = 4_000
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RULES = load_rule_packs().at(NOW)
# What could be asked before a pack goes live: grace of two months instead of three.
OTHER_PACK = replace(RULES, number=2, grace_months=2)


def figures() -> Iterator[Figure]:
    """The figures of issue 4."""
    members = int(os.environ.get("KARTU_BENCH_MEMBERS", str(MEMBERS)))
    share = members / MEMBERS
    yield _scalar()
    told = f"two processes, {members:,} members"
    for name, work, bound in (
        ("whole base, one pack, all programmes with their cures", _evaluated, 60),
        ("whole base, difference of two packs, JKM", _compared, 90),
    ):
        seconds, cpu, spans = _over_the_base(members, work)
        yield Figure.judged(f"{name}: {told}", seconds, "s", "<=", bound * share)
        yield Figure(f"{name}: CPU of the busier process", cpu, "s", "the same work", cpu / seconds)
        yield Figure(f"{name}: members a second", members / seconds, "1/s", None)
        yield Figure(f"{name}: spans of paid months", spans, "spans", None)


def _scalar() -> Figure:
    standings = [_standing(place, 3) for place in range(SCALAR)]
    began = process_time()
    for standing in standings:
        coverage(standing, Programme.JKM, NOW, NOW, RULES)
    spent = process_time() - began
    return Figure("one decision after another, cure included: decisions a second", SCALAR / spent, "1/s", "one core")


def _standing(number: int, spans: int) -> Standing:
    """A member of the synthetic base's kind, as an object: ``spans`` payments of three months, one in three members lapsed."""
    from_month = month_of_number(322 - 4 * (number % 3) - 4 * spans)
    paid = PaidMonths(tuple(PaidSpan(from_month + 4 * place, from_month + (4 * place + 2)) for place in range(spans)))
    basis = ContributionBasis(list(WorkSector)[number % 2], list(Payer)[number % 4])
    return Standing({Programme.JKK: paid, Programme.JKM: paid}, basis)


def _over_the_base(members: int, work: Callable[[BaseColumns], object]) -> tuple[float, float, int]:
    """The seconds, on the clock and of CPU, that the slower process worked on its half, generation left out; and how many spans there were."""
    sizes = [min(CHUNK, members - start) for start in range(0, members, CHUNK)]
    halves = [[(size, seed) for seed, size in enumerate(sizes)][place::PROCESSES] for place in range(PROCESSES)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        done = pool.map(partial(_half, work=work), halves, chunksize=1)
    return max(wall for wall, _, _ in done), max(cpu for _, cpu, _ in done), sum(spans for _, _, spans in done)


def _half(chunks: list[tuple[int, int]], work: Callable[[BaseColumns], object]) -> tuple[float, float, int]:
    wall, cpu, spans = 0.0, 0.0, 0
    results: list[object] = []
    for size, seed in chunks:
        base = chunk(size, seed)
        spans += len(base.spans[Programme.JKM].first)
        began = perf_counter(), process_time()
        results.append(work(base))
        wall, cpu = wall + perf_counter() - began[0], cpu + process_time() - began[1]
    began = perf_counter(), process_time()
    together(each for each in results if isinstance(each, dict))
    return wall + perf_counter() - began[0], cpu + process_time() - began[1], spans


def _evaluated(base: BaseColumns) -> int:
    return sum(int(each.state.sum()) for each in evaluate_all(base, NOW, RULES).values())


def _compared(base: BaseColumns) -> Difference:
    return difference(base, Programme.JKM, NOW, RULES, OTHER_PACK)
