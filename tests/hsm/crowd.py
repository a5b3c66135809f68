# SPDX-License-Identifier: Apache-2.0
"""A crowd of threads that ask through shared trips, over a far end that holds every trip until a test says how it ends."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cardservice.clock import monotonic
from hsm.client.shared_trips import SharedTrips
from hsm.errors import MalformedFrame
from hsm.wire.protocol import answer_to_wire, is_refused_whole

PATIENCE = 20.0  # seconds for the machine, and no figure
HOUR = 3600.0


class LineLost(Exception):
    """What a trip may end with."""


@dataclass(eq=False)
class Trip:
    """One frame under way."""

    requests: list[bytes]
    end: "threading.Event" = field(default_factory=threading.Event)
    outcome: str = ""

    @property
    def callers(self) -> list[int]:
        """Who is on it, the leader first."""
        return list(dict.fromkeys(caller_of(request) for request in self.requests))


class HeldFarEnd:
    """Answers each request with itself, when a trip is let go with "answers"; or loses the line, or refuses the frame as a whole."""

    def __init__(self) -> None:
        self.trips: list[Trip] = []  # all that ever began
        self.under_way: list[Trip] = []

    def travel(self, requests: Sequence[bytes], until: float) -> list[object]:
        """As ``SharedTrips`` wants it."""
        trip = Trip(list(requests))
        self.trips.append(trip)
        self.under_way.append(trip)
        came_home = trip.end.wait(max(0.0, until - monotonic()))
        self.under_way.remove(trip)
        if not came_home:
            raise TimeoutError
        if trip.outcome == "lost":
            raise LineLost
        if trip.outcome == "refused whole":
            return [answer_to_wire(MalformedFrame(rule="as the test wants"))]
        return [[0, request] for request in requests]


class Crowd:
    """Callers by number; ``ended`` has each one's answers, or the error it was told."""

    def __init__(self, trips: type[SharedTrips] = SharedTrips, *, slow: float = HOUR) -> None:
        self.far_end = HeldFarEnd()
        self.ahead = 0.0  # of the clock
        self.shared = trips(self.far_end.travel, is_refused_whole, monotonic=self.now, slow=slow)
        self.asked: list[list[bytes]] = []
        self.ended: dict[int, list[object] | BaseException] = {}
        self._threads: list[threading.Thread] = []

    def now(self) -> float:
        """The clock of this crowd."""
        return monotonic() + self.ahead

    def arrives(self, count: int, *, octets: int = 0, seconds: float = PATIENCE) -> int:
        """One more caller, with so many requests; returns once it waits or travels."""
        number = len(self.asked)
        requests = [f"{number}/{n}/".encode() + bytes(octets) for n in range(count)]
        self.asked.append(requests)

        def ask() -> None:
            try:
                self.ended[number] = self.shared.ask(requests, self.now() + seconds)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test looks at it
                self.ended[number] = error

        self._threads.append(threading.Thread(target=ask))
        self._threads[-1].start()
        self.settle()
        return number

    def comes_home(self, trip: Trip, outcome: str = "answers") -> None:
        """A trip ends so; returns once everybody waits, travels or has ended."""
        trip.outcome = outcome
        trip.end.set()
        until = monotonic() + PATIENCE
        while trip in self.far_end.under_way and monotonic() < until:
            time.sleep(0.0001)
        self.settle()

    def settle(self) -> None:
        """Nobody is between two places."""
        until = monotonic() + PATIENCE
        while not self._is_settled():
            assert monotonic() < until, "somebody got lost"
            time.sleep(0.0001)

    def goes_home(self) -> None:
        """Every trip comes back with answers until nobody is left."""
        while self.far_end.under_way:
            self.comes_home(self.far_end.under_way[0])
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def answers_of(self, number: int) -> list[object]:
        """What this one should be told."""
        return [[0, request] for request in self.asked[number]]

    def _is_settled(self) -> bool:
        waiting = len(self.shared._waiting)
        under_way = list(self.far_end.under_way)
        travelling = {caller for trip in under_way for caller in trip.callers} - self.ended.keys()
        return len(self.ended) + waiting + len(travelling) == len(self.asked) and (not waiting or bool(under_way))


def caller_of(request: bytes) -> int:
    """Whose request that is."""
    return int(request.partition(b"/")[0])
