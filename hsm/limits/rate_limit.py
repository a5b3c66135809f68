# SPDX-License-Identifier: Apache-2.0
"""How often each operation may be asked: a token bucket per caller and operation, wide for work, narrow for opening sealed values.

Each user id has buckets of its own, so that who empties his starves nobody else. Counters are cells (``locked_memory.py``) in a file, shared
by all workers, and outlive them: a restart, by whatever hand, fills no bucket.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol

from hsm.errors import CountersFull, RateExceeded
from hsm.limits.caller_records import HEAD, CallerRecords, Cells


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
    "sign-receipt": Rate(1_000, 5_000),
    "open-secure-channels": Rate(2_000, 20_000),
    "wrap-key-set": Rate(500, 5_000),
    "list-current-masters": Rate(500, 5_000),
    "seal": Rate(10_000, 50_000),
    "unseal": Rate(10, 200),
    # Each value was named by two officers: this only keeps one list from starving everybody else (docs/decisions/0144).
    "unseal-many": Rate(500, 4096),
    # Right or wrong, one request of a bank. Against guessing 256 random bits no limit is needed.
    "check-partner-signature": Rate(5_000, 50_000),
    # A list of 100,000 people asks for 200,000 in a minute (docs/decisions/0142). Against guessing NIKs of a known birthday and district,
    # a few thousand, no limit helps that lets a counter work; against all of them, 10^11 and more, this one does.
    "blind-index": Rate(5_000, 50_000),
    "pseudonym": Rate(10_000, 50_000),
    "revoke-cards": Rate(100, 5_000),
    "lift-anomaly": Rate(100, 1_000),
}


# Of each caller and operation: what was spent and not yet refilled, and when that was counted.
_SPENT, _AT = HEAD, HEAD + 1
_SIZE: Final = HEAD + 2
CELLS_NEEDED: Final = CallerRecords(_SIZE).cells_needed


class Counters(Protocol):
    """Cells that whoever enters has for himself: ``locked_memory.py``, or a list."""

    def __enter__(self) -> Cells: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class RateLimit:
    """Counts what each caller asks and refuses what is too much. ``monotonic`` gives seconds that only rise until the machine starts again.

    With ``counters`` that workers share, N of them let through no more than one would.
    """

    def __init__(
        self, rates: Mapping[str, Rate], monotonic: Callable[[], float], counters: Counters | None = None
    ) -> None:
        self._rates = rates
        self._monotonic = monotonic
        self._counters = counters or nullcontext([0.0] * CELLS_NEEDED)
        self._records = CallerRecords(_SIZE)

    def spend(self, caller: int, operation: str, weight: int) -> None:
        """Take ``weight`` from a user id's bucket of the operation. Raises RateExceeded, taking nothing; so does an operation without a rate.

        Raises CountersFull where there is no room for one more caller and operation.
        """
        rate = self._rates.get(operation)
        if rate is None:
            raise RateExceeded(operation=operation)
        with self._counters as cells:
            place = self._records.place(cells, caller, operation)
            if place is None:
                raise CountersFull(operation=operation, uid=caller)
            now = self._monotonic()
            # Started again, the machine counts from nothing: what was spent stays spent, and refills from now on.
            cells[place + _AT] = min(cells[place + _AT], now)
            spent = max(0.0, cells[place + _SPENT] - (now - cells[place + _AT]) * rate.per_second) + weight
            if spent > rate.burst:
                raise RateExceeded(operation=operation)
            cells[place + _SPENT], cells[place + _AT] = spent, now

    def give_back(self, caller: int, operation: str, weight: int) -> None:
        """Undo ``spend`` for what was refused all the same."""
        with self._counters as cells:
            place = self._records.place(cells, caller, operation)
            if place is not None:
                cells[place + _SPENT] = max(0.0, cells[place + _SPENT] - weight)
