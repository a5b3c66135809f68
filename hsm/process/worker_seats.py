# SPDX-License-Identifier: Apache-2.0
"""The seats of the workers: shared memory in which each tells how many callers it has and when it was last alive.

One cell has one writer, and is written in one store, so nothing is locked and a killed worker leaves nothing half-said.
"""

import mmap

_CALLERS, _ALIVE, _READY = range(3)
_CELLS = 4  # per seat
_EMPTY = -1.0


class Seat:
    """One worker's cells, and a view of the others' callers. Times are seconds that only rise, the same for all processes."""

    def __init__(self, cells: "memoryview[float]", number: int) -> None:
        self._cells = cells
        self._begin = number * _CELLS
        self.number = number

    @classmethod
    def alone(cls) -> "Seat":
        """The seat of a server without colleagues."""
        return WorkerSeats(1).take(0, now=0.0)

    def tell_callers(self, count: int) -> None:
        """How many are connected here."""
        self._cells[self._begin + _CALLERS] = count

    def tell_alive(self, now: float) -> None:
        """Called at every turn of the server's loop."""
        self._cells[self._begin + _ALIVE] = now

    def tell_ready(self) -> None:
        """The keys are open."""
        self._cells[self._begin + _READY] = 1.0

    @property
    def is_ready(self) -> bool:
        """Whether the worker here has said so."""
        return self._cells[self._begin + _READY] == 1.0

    @property
    def last_alive(self) -> float:
        """When the worker here last turned its loop."""
        return self._cells[self._begin + _ALIVE]

    @property
    def is_least_busy(self) -> bool:
        """Whether nobody who is ready has fewer callers: the next one is ours."""
        cells, mine = self._cells, self._cells[self._begin + _CALLERS]
        return not any(
            cells[begin + _READY] == 1.0 and 0 <= cells[begin + _CALLERS] < mine
            for begin in range(0, len(cells), _CELLS)
            if begin != self._begin
        )

    def leave(self) -> None:
        """Nobody sits here now. Written by the supervisor once the worker has gone, or by a worker that takes no more callers."""
        self._cells[self._begin + _CALLERS] = _EMPTY
        self._cells[self._begin + _READY] = 0.0


class WorkerSeats:
    """All seats, made before the first fork."""

    def __init__(self, count: int) -> None:
        self._memory = mmap.mmap(-1, count * _CELLS * 8)
        self._cells = memoryview(self._memory).cast("d")
        self._seats = [Seat(self._cells, number) for number in range(count)]
        for seat in self._seats:
            seat.leave()

    def take(self, number: int, *, now: float) -> Seat:
        """The seat of that number, for a worker that begins."""
        seat = self._seats[number]
        seat.leave()
        seat.tell_alive(now)
        seat.tell_callers(0)
        return seat
