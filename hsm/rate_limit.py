# SPDX-License-Identifier: Apache-2.0
"""How often each operation may be asked: a token bucket per operation, wide for work, narrow for opening sealed values."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from hsm.errors import RateExceeded


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_second`` in the long run, ``burst`` at once."""

    per_second: float
    burst: int


# Generous: many times what one data centre asks, so that only a runaway or a thief meets them. Opening sealed values is different:
# a counter opens one at a time, and whoever wants many wants a copy of the population.
DEFAULT_RATES: Mapping[str, Rate] = {
    "ping": Rate(10_000, 10_000),
    "show-ca-certificate": Rate(1_000, 5_000),
    "list-verifying-keys": Rate(1_000, 5_000),
    "sign-eligibility-token": Rate(30_000, 60_000),
    "sign-cover-proof": Rate(2_000, 20_000),
    "sign-card-certificate": Rate(500, 5_000),
    "sign-audit-root": Rate(10, 100),
    "open-secure-channels": Rate(2_000, 20_000),
    "wrap-key-set": Rate(500, 5_000),
    "list-current-masters": Rate(500, 5_000),
    "seal": Rate(10_000, 50_000),
    "unseal": Rate(10, 200),
    "unseal-many": Rate(2, 2048),
    # A list of 100,000 people asks for 200,000 in a minute (docs/decisions/0142). Against guessing NIKs of a known birthday and district,
    # a few thousand, no limit helps that lets a counter work; against all of them, 10^11 and more, this one does.
    "blind-index": Rate(5_000, 50_000),
    "pseudonym": Rate(10_000, 50_000),
    "revoke-cards": Rate(100, 5_000),
    "lift-anomaly": Rate(100, 1_000),
}


class Cells(Protocol):
    """Numbers by place."""

    def __getitem__(self, place: int, /) -> float: ...

    def __setitem__(self, place: int, value: float, /) -> None: ...


class Counters(Protocol):
    """Cells that whoever enters has for himself: ``locked_memory.py``, or a list."""

    def __enter__(self) -> Cells: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class RateLimit:
    """Counts what is asked and refuses what is too much. ``monotonic`` gives seconds that only rise.

    With ``counters`` that workers share, N of them let through no more than one would.
    """

    def __init__(
        self, rates: Mapping[str, Rate], monotonic: Callable[[], float], counters: Counters | None = None
    ) -> None:
        self._monotonic = monotonic
        self._counters = counters or nullcontext([0.0] * counters_needed(rates))
        # Two doubles each: what was spent and not yet refilled, and when that was counted. Zeros are a full bucket.
        self._places = {operation: (2 * n, rate) for n, (operation, rate) in enumerate(rates.items())}

    def spend(self, operation: str, weight: int) -> None:
        """Take ``weight`` from the operation's bucket. Raises RateExceeded, taking nothing; so does an operation without a rate."""
        if operation not in self._places:
            raise RateExceeded(operation=operation)
        place, rate = self._places[operation]
        with self._counters as cells:
            now = self._monotonic()
            spent = max(0.0, cells[place] - (now - cells[place + 1]) * rate.per_second) + weight
            if spent > rate.burst:
                raise RateExceeded(operation=operation)
            cells[place], cells[place + 1] = spent, now

    def give_back(self, operation: str, weight: int) -> None:
        """Undo ``spend`` for what was refused all the same: the bucket is everybody's, and who is refused must not empty it."""
        place, _ = self._places[operation]
        with self._counters as cells:
            cells[place] = max(0.0, cells[place] - weight)


def counters_needed(rates: Mapping[str, Rate]) -> int:
    """How many doubles a limit of these rates counts with."""
    return 2 * len(rates)
