# SPDX-License-Identifier: Apache-2.0
"""Whatever tasks come and go and whatever becomes of their trips, nobody is left behind and each is told what is true for it."""

import asyncio
import os
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.client import awaited_trips
from hsm.client.awaited_trips import AwaitedTrips
from hsm.client.shared_trips import MAX_LINES
from hsm.errors import MalformedFrame
from tests.hsm.held_lines import held_far_end
from tests.hsm.tasks import PATIENCE, Tasks, answered

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrives"), st.integers(1, 20)),
        st.tuples(st.just("leaves"), st.integers(0, 30)),
        st.tuples(st.sampled_from(["answers", "answers", "lost", "refused whole"]), st.integers(0, MAX_LINES - 1)),
        st.tuples(st.just("time passes"), st.integers(1, 3)),
    ),
    max_size=25,
)


async def step(crowd: Tasks, what: str, number: int) -> None:
    match what:
        case "arrives":
            crowd.arrive(number)
        case "leaves":
            for task in crowd.tasks[number : number + 1]:
                task.cancel()
        case "time passes":
            await asyncio.sleep(number / 1000)
        case outcome:
            if under_way := crowd.far_end.under_way:
                under_way[number % len(under_way)].ends(outcome)


async def all_come_home(crowd: Tasks, patience: float) -> None:
    async with asyncio.timeout(patience):
        while not all(task.done() for task in crowd.tasks):
            for each in crowd.far_end.under_way:
                each.ends("answers")
            await asyncio.sleep(0.001)


async def walk(
    steps: list[tuple[str, int]], kind: type[AwaitedTrips] = AwaitedTrips, patience: float = PATIENCE
) -> None:
    """Do the steps, then let everybody come home: nobody is left behind, and each is told what is true for it."""
    counts = [number for what, number in steps if what == "arrives"]
    async with held_far_end() as far_end:
        crowd = Tasks(far_end, kind(far_end.path, [os.geteuid()], PATIENCE))
        try:
            for what, number in steps:
                await step(crowd, what, number)
                assert len(far_end.under_way) <= MAX_LINES
            await all_come_home(crowd, patience)
        finally:
            crowd.trips.close()
            await crowd.are_told()
        for number, (task, count) in enumerate(zip(crowd.tasks, counts, strict=True)):
            if not task.cancelled() and task.result() != answered(number, count):
                # Refused as a whole, in a frame of its own.
                assert any(each.requests == Tasks.requests_of(number, count) for each in far_end.frames)
                assert task.result() == [[1, MalformedFrame.code, {"rule": "as the test wants"}]]


@settings(max_examples=40, deadline=None)
@given(_STEPS, st.sampled_from([0.0, 3600.0]))
def test_whoever_comes_and_whatever_is_lost_nobody_is_left_behind(steps: list[tuple[str, int]], slow: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(awaited_trips, "SLOW", slow)
        asyncio.run(walk(steps))


class MixedUp(AwaitedTrips):
    """Hands the answers out in the wrong order."""

    def _share_out(self, party: Any, answers: list[object]) -> None:
        super()._share_out(party, answers[::-1])


def test_sabotage_answers_handed_to_the_wrong_task_are_seen() -> None:
    steps = [("arrives", 1)] * 3
    asyncio.run(walk(steps))
    with pytest.raises(AssertionError):
        asyncio.run(walk(steps, MixedUp))


class Forgetful(AwaitedTrips):
    """Does not look, when a trip comes home, whether others came meanwhile."""

    def _came_back(self, line: Any, encoded: bytes) -> None:
        waiting, self._waiting = self._waiting, deque()
        super()._came_back(line, encoded)
        self._waiting.extend(waiting)


def test_sabotage_who_comes_while_a_trip_is_under_way_would_be_left_behind() -> None:
    steps = [("arrives", 1), ("time passes", 30), ("arrives", 1)]
    asyncio.run(walk(steps))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(awaited_trips, "SLOW", 3600.0)
        with pytest.raises(TimeoutError):
            asyncio.run(walk(steps, Forgetful, patience=0.5))
