# SPDX-License-Identifier: Apache-2.0
"""The figures of ``bench/run keys``: what they are called, what they stand beside, and that both sides really ran. No timing is judged here."""

import pytest

from bench.bare_trip import bare_trip_seconds
from bench.calling import callers
from bench.figure import Figure
from bench.key_process import running_keys, sealed_file
from bench.keys import PROCESSES, Shape, peer_figures, signing_figures

TURN = 0.02


@pytest.fixture(scope="module")
def figures() -> dict[tuple[str, str | None], Figure]:
    with sealed_file() as uri:
        peer = ["bench.keys_library", str(uri)]
        with callers(peer, 1) as thread, callers(peer, 2) as processes, running_keys(uri, "--workers", "1") as running:
            made = [
                *signing_figures("software", running, Shape(1, 1), (thread, processes), TURN),
                *signing_figures("software", running, Shape(2, 4, judged=True), (thread, processes), TURN),
                *signing_figures("software", running, Shape(2, 4, are_tasks=False), (thread, processes), TURN),
                *signing_figures("software", running, Shape(2, 1, 3, are_tasks=False), (thread, processes), TURN),
                *peer_figures("software", thread.asked, processes.asked),
            ]
    return {(each.name, each.measured_against): each for each in made}


def test_each_rate_stands_beside_one_thread_and_beside_as_many_processes(
    figures: dict[tuple[str, str | None], Figure],
) -> None:
    alone = figures["ES256, software: 1 caller, 1 per question", "the library, 1 thread"]
    crowd = figures["ES256, software: 2 x 4 tasks, 1 per question", "the library, 1 thread"]
    threads = figures["ES256, software: 2 x 4 threads, 1 per question", "the library, 1 thread"]
    batches = figures["ES256, software: 2 callers, 3 per question", "the library, 1 thread"]
    on_as_many_cores = figures[crowd.name, f"the library, {PROCESSES} processes"]
    for figure in (alone, crowd, threads, batches, on_as_many_cores):
        assert figure.value
        assert figure.ratio
        assert figure.goal == (">= 0.7 x" if figure is crowd else None)
    assert crowd.met == ((crowd.ratio or 0) >= 0.7)


def test_what_bounds_one_caller_is_printed_beside_it(figures: dict[tuple[str, str | None], Figure]) -> None:
    bound = figures["ES256, software: the most 1 caller could have, a bare trip each", "the library, 1 thread"]
    assert bound.goal is None
    assert bound.ratio
    assert 0 < bound.ratio < 1


def test_latencies_and_the_cpu_of_both_sides_are_printed(figures: dict[tuple[str, str | None], Figure]) -> None:
    printed = {name for name, _ in figures}
    for which in ("p50", "p99"):
        assert f"ES256, software: {which} of one question, 8 callers (2 x 4 tasks, 1 per question)" in printed
    for whose in ("workers", "callers"):
        cost = figures[f"ES256, software: 2 x 4 tasks, 1 per question: CPU of {whose} for one", "the library's CPU"]
        assert cost.value
        assert cost.value > 0


def test_a_bare_trip_takes_time() -> None:
    assert bare_trip_seconds(10) > 0
