# SPDX-License-Identifier: Apache-2.0
"""Tasks that ask through shared trips: who travels with whom, and that each is told what is true for it, whatever becomes of the lines."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hsm.client import awaited_trips
from hsm.client.awaited_trips import AwaitedTrips
from hsm.client.shared_trips import MAX_LINES, MAX_OCTETS, MAX_REQUESTS
from hsm.errors import CallerRefused, KeyProcessDown, MalformedFrame
from hsm.wire.protocol import frame
from tests.hsm.held_lines import held_far_end
from tests.hsm.running import short_folder
from tests.hsm.tasks import PATIENCE, answered, tasks

Test = Callable[[], Coroutine[Any, Any, None]]


def in_a_loop(test: Test) -> Callable[[pytest.MonkeyPatch], None]:
    """No trip is slow to this machine's tasks, unless the test says otherwise."""

    def run(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(awaited_trips, "SLOW", 3600.0)
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


@in_a_loop
async def test_what_is_asked_in_one_turn_travels_together_and_each_gets_its_own() -> None:
    async with tasks() as crowd:
        crowd.arrive(1, 3, 2)
        await crowd.far_end.until_frames(1)
        assert crowd.far_end.frames[0].names == ["0/0/", "1/0/", "1/1/", "1/2/", "2/0/", "2/1/"]
        crowd.far_end.frames[0].ends("answers")
        assert await crowd.are_told() == [answered(0, 1), answered(1, 3), answered(2, 2)]


@in_a_loop
async def test_what_is_asked_meanwhile_waits_and_travels_together_too() -> None:
    async with tasks() as crowd:
        crowd.arrive(1)
        await crowd.far_end.until_frames(1)
        crowd.arrive(1)
        await asyncio.sleep(0.01)
        crowd.arrive(1, 1)
        await asyncio.sleep(0.01)
        assert len(crowd.far_end.frames) == 1
        crowd.far_end.frames[0].ends("answers")
        await crowd.far_end.until_frames(2)
        assert crowd.far_end.frames[1].names == ["1/0/", "2/0/", "3/0/"]
        crowd.far_end.frames[1].ends("answers")
        assert await crowd.are_told() == [answered(number, 1) for number in range(4)]
        assert len(crowd.far_end.lines) == 1


@in_a_loop
async def test_a_frame_holds_no_more_than_it_may() -> None:
    async with tasks() as crowd:
        crowd.arrive(*[16] * 9)
        for number in range(3):
            await crowd.far_end.until_frames(number + 1)
            assert len(crowd.far_end.frames[number].requests) == (MAX_REQUESTS if number < 2 else 16)
            crowd.far_end.frames[number].ends("answers")
        await crowd.are_told()
        crowd.arrive(1, 1, octets=MAX_OCTETS // 2)
        await crowd.far_end.until_frames(4)
        assert crowd.far_end.frames[3].names == ["9/0/"]


@in_a_loop
async def test_what_a_lost_line_had_read_is_asked_again_on_another() -> None:
    async with tasks() as crowd:
        crowd.arrive(1, 2)
        await crowd.far_end.until_frames(1)
        crowd.arrive(1)
        await asyncio.sleep(0)
        crowd.far_end.frames[0].ends("lost")
        await crowd.far_end.until_frames(2)
        # In their order, before who came later.
        assert crowd.far_end.frames[1].names == ["0/0/", "1/0/", "1/1/", "2/0/"]
        crowd.far_end.frames[1].ends("answers")
        assert await crowd.are_told() == [answered(0, 1), answered(1, 2), answered(2, 1)]


@in_a_loop
async def test_lines_that_are_lost_again_and_again_are_given_up_at_the_deadline() -> None:
    async with tasks(deadline=1.0) as crowd:
        crowd.arrive(1)

        async def lose() -> None:
            while True:
                for each in crowd.far_end.under_way:
                    each.ends("lost")
                await asyncio.sleep(0.005)

        losing = asyncio.create_task(lose())
        (told,) = await crowd.are_told()
        losing.cancel()
        assert isinstance(told, KeyProcessDown)
        assert "again and again" in str(told)
        assert len(crowd.far_end.frames) > 2


@in_a_loop
async def test_where_nobody_is_all_are_told_at_once_and_the_next_looks_again() -> None:
    with short_folder() as folder:
        trips = AwaitedTrips(folder / "s", [os.geteuid()], PATIENCE)
        for _ in range(2):
            told = await asyncio.gather(*(trips.ask([["ping"]]) for _ in range(3)), return_exceptions=True)
            assert [type(each) for each in told] == [KeyProcessDown] * 3
            assert "No such file" in str(told[0])


@in_a_loop
async def test_a_far_end_of_another_user_is_not_trusted() -> None:
    async with held_far_end() as far_end:
        trips = AwaitedTrips(far_end.path, [os.geteuid() + 1], PATIENCE)
        with pytest.raises(CallerRefused):
            await trips.ask([["ping"]])
        assert far_end.frames == []


@in_a_loop
async def test_a_mute_far_end_is_given_up_at_the_deadline_and_those_with_time_left_ask_elsewhere() -> None:
    async with tasks(deadline=0.3) as crowd:
        crowd.arrive(1)
        await crowd.far_end.until_frames(1)
        crowd.trips._deadline = PATIENCE
        crowd.arrive(1)
        with pytest.raises(KeyProcessDown, match="no answer within"):
            await crowd.tasks[0]
        await crowd.far_end.until_frames(2)
        assert crowd.far_end.frames[1].names == ["1/0/"]
        crowd.far_end.frames[1].ends("answers")
        assert await crowd.tasks[1] == answered(1, 1)


@in_a_loop
async def test_a_frame_that_is_refused_as_a_whole_is_asked_one_by_one() -> None:
    async with tasks() as crowd:
        crowd.arrive(1, 2, 1)
        await crowd.far_end.until_frames(1)
        crowd.far_end.frames[0].ends("refused whole")
        for number, outcome in enumerate(["answers", "refused whole", "answers"], start=1):
            await crowd.far_end.until_frames(number + 1)
            crowd.far_end.frames[number].ends(outcome)
        first, spoiled, last = await crowd.are_told()
        assert (first, last) == (answered(0, 1), answered(2, 1))
        # Of its own trip it hears what the far end said.
        assert isinstance(spoiled, list)
        assert spoiled[0][:2] == [1, MalformedFrame.code]  # type: ignore[index]  # as it came over the wire


@pytest.mark.parametrize("nonsense", [b"\x00\x00\x00\x01\xff", b"\x00\x00\x00\x01\x07"], ids=["no CBOR", "no list"])
def test_an_answer_that_is_none_is_a_typed_error_and_the_line_is_left(nonsense: bytes) -> None:
    async def test() -> None:
        async with tasks() as crowd:
            crowd.arrive(1, 1)
            await crowd.far_end.until_frames(1)
            crowd.far_end.frames[0].line.write(nonsense)
            assert [type(told) for told in await crowd.are_told()] == [MalformedFrame] * 2
            crowd.arrive(1)
            await crowd.far_end.until_frames(2)
            assert crowd.far_end.frames[1].line is not crowd.far_end.frames[0].line

    asyncio.run(test())


@in_a_loop
async def test_an_answer_in_pieces_is_one_answer_and_one_too_many_ends_the_line() -> None:
    async with tasks() as crowd:
        crowd.arrive(1)
        await crowd.far_end.until_frames(1)
        line = crowd.far_end.frames[0].line
        for octet in frame([[0, "drop by drop"]]):
            line.write(bytes([octet]))
            await asyncio.sleep(0.001)
        assert await crowd.tasks[0] == [[0, "drop by drop"]]
        line.write(b"\x00\x00\x00\x01\x80")
        await crowd.far_end.until(line.transport.is_closing)


@in_a_loop
async def test_who_wants_no_answer_any_more_disturbs_nobody() -> None:
    async with tasks() as crowd:
        crowd.arrive(1, 1)
        await crowd.far_end.until_frames(1)
        crowd.arrive(1, 1)
        await asyncio.sleep(0)
        crowd.tasks[0].cancel()
        crowd.tasks[2].cancel()
        await asyncio.sleep(0)
        crowd.far_end.frames[0].ends("answers")
        await crowd.far_end.until_frames(2)
        assert crowd.far_end.frames[1].names == ["3/0/"]
        crowd.far_end.frames[1].ends("answers")
        told = await crowd.are_told()
        assert (told[1], told[3]) == (answered(1, 1), answered(3, 1))


def test_past_a_slow_trip_there_are_other_lines_up_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaited_trips, "SLOW", 0.0)

    async def test() -> None:
        async with tasks() as crowd:
            for count in range(1, MAX_LINES + 3):
                crowd.arrive(1)
                await crowd.far_end.until_frames(min(count, MAX_LINES))
            assert len(crowd.far_end.under_way) == len(crowd.far_end.lines) == MAX_LINES
            crowd.far_end.frames[2].ends("answers")
            await crowd.far_end.until_frames(MAX_LINES + 1)
            assert crowd.far_end.frames[MAX_LINES].names == ["4/0/", "5/0/"]

    asyncio.run(test())


@in_a_loop
async def test_closed_under_way_all_are_told_and_the_next_question_opens_a_new_line() -> None:
    async with tasks() as crowd:
        crowd.arrive(1)
        await crowd.far_end.until_frames(1)
        crowd.arrive(1)
        await asyncio.sleep(0)
        crowd.trips.close()
        assert [type(told) for told in await crowd.are_told()] == [KeyProcessDown] * 2
        crowd.arrive(1)
        await crowd.far_end.until_frames(2)
        crowd.far_end.frames[1].ends("answers")
        assert await crowd.tasks[2] == answered(2, 1)
