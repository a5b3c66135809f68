# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in the middle of a shared trip: at whichever line it strikes, no line stays counted as out, and everybody else gets his own answers."""

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest

from hsm.client import shared_trips
from hsm.client.shared_trips import SharedTrips
from tests.hsm.crowd import HOUR, Crowd, LineLost, caller_of

FAR_TOO_MANY = 1000  # lines of one caller's way


def struck(victim: int, strike: int, kind: type[SharedTrips] = SharedTrips) -> tuple[type[SharedTrips], list[str]]:
    """Trips on which the n-th line that one caller executes in there raises KeyboardInterrupt; and where it did."""
    where: list[str] = []
    entered: set[tuple[FrameType, int]] = set()
    passed = 0

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        nonlocal passed
        if frame.f_code.co_filename != shared_trips.__file__:
            return None
        if event != "line":
            return trace
        place = (frame, frame.f_lineno)
        if place in entered and "self._lock" in LINES[frame.f_lineno - 1]:
            return trace  # leaving a ``with``: Python looks at no signal between its last statement and the open lock
        entered.add(place)
        passed += 1
        if passed == strike:
            where.append(f"{frame.f_code.co_name}: {LINES[frame.f_lineno - 1].strip()}")
            raise KeyboardInterrupt
        return trace

    class Struck(kind):  # type: ignore[misc,valid-type] # a class that the test chooses
        def ask(self, requests: Sequence[bytes], until: float) -> list[object]:
            if caller_of(requests[0]) != victim:
                return super().ask(requests, until)  # type: ignore[no-any-return] # as above
            sys.settrace(trace)
            try:
                return super().ask(requests, until)  # type: ignore[no-any-return] # as above
            finally:
                sys.settrace(None)

    return Struck, where


with open(shared_trips.__file__, encoding="utf-8") as source:  # noqa: PTH123 - a module's file is a string
    LINES = source.read().splitlines()


def together(kind: type[SharedTrips], outcome: str) -> Crowd:
    """One travels, three wait; the first comes home, then those whom the second took along, so; then all. At last one more comes."""
    crowd = Crowd(kind)
    for _ in range(4):
        crowd.arrives(1)
    for ends_so in ("answers", outcome):
        if crowd.far_end.under_way:
            crowd.comes_home(crowd.far_end.under_way[0], ends_so)
    crowd.goes_home()
    late = crowd.arrives(1)
    assert [trip.callers for trip in crowd.far_end.under_way] == [[late]]
    crowd.goes_home()
    return crowd


@pytest.mark.parametrize("outcome", ["answers", "lost", "refused whole"])
@pytest.mark.parametrize("victim", [0, 1, 2])
def test_ctrl_c_at_any_line_holds_up_nobody_else(victim: int, outcome: str) -> None:
    everywhere = set()
    for strike in range(1, FAR_TOO_MANY):
        kind, where = struck(victim, strike)
        crowd = together(kind, outcome)
        told = where[0] if where else "nowhere"
        assert crowd.shared._out == [], told
        assert not crowd.shared._waiting, told
        for number, answers in crowd.ended.items():
            is_its_own = isinstance(answers, LineLost) and outcome == "lost"
            assert number == victim or is_its_own or answers == crowd.answers_of(number), told
        if not where:
            break
        everywhere.add(where[0].partition(":")[0])
        assert isinstance(crowd.ended[victim], KeyboardInterrupt), told
    assert {"ask"} < everywhere
    assert victim == 2 or {"_lead", "_leave", "_appoint_heir"} < everywhere


class LeavesOnce(SharedTrips):
    """Whose leaving is not done again where it was interrupted."""

    def _leave(self, caller: Any) -> None:
        if not caller.has_left:
            super()._leave(caller)


def left_out() -> list[Crowd]:
    """Crowds of one whose line stayed counted as out."""
    found = []
    for strike in range(1, FAR_TOO_MANY):
        kind, where = struck(0, strike, LeavesOnce)
        crowd = Crowd(kind)
        crowd.arrives(1)
        crowd.goes_home()
        found += [crowd] * bool(crowd.shared._out)
        if not where:
            break
    return found


def test_sabotage_left_once_only_a_line_stays_counted_as_out() -> None:
    assert left_out()


def test_even_then_a_line_is_counted_no_longer_than_its_leaders_own_time() -> None:
    for crowd in left_out():
        crowd.ahead = HOUR
        crowd.arrives(1)
        assert len(crowd.far_end.under_way) == 1
        crowd.goes_home()
        assert crowd.shared._out == []
