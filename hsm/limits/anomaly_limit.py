# SPDX-License-Identifier: Apache-2.0
"""The anomaly limit: how much of an operation one caller may ask in an hour, judged by that caller's own past week.

An hour may hold ``FACTOR`` times the caller's usual peak, and never less than the operation's floor. The usual peak is the second
highest of the busiest hours of the last seven days (24 hours each, the present hour left out): one odd day does not raise it, and who
raises it slowly needs days for each step. What goes past it trips: that operation is refused to that caller for an hour, or until an officer
lifts it. The rule is short so that an auditor can do the sum on the log line.

Counters are cells (``locked_memory.py``) in a file, shared by all workers, and outlive them: a restart forgets nothing.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Final

from hsm.errors import AnomalyRefused, CountersFull
from hsm.limits.caller_records import HEAD, CallerRecords, Cells
from hsm.limits.rate_limit import Counters

FACTOR: Final = 4
HOLD: Final = 3600  # seconds
DAYS, HOURS_A_DAY = 7, 24
_HOUR = 3600

# One busy hour of a whole country, generously: what is below this is never odd. Whoever opens or compares values one by one has less room.
FLOORS: Mapping[str, int] = {
    "ping": 10_000_000,
    "show-ca-certificate": 1_000_000,
    "list-verifying-keys": 1_000_000,
    "sign-eligibility-token": 10_000_000,
    "sign-cover-proof": 1_000_000,
    "sign-card-certificate": 500_000,
    "sign-audit-root": 10_000,
    "sign-receipt": 500_000,
    "open-secure-channels": 1_000_000,
    "wrap-key-set": 500_000,
    "list-current-masters": 500_000,
    "seal": 10_000_000,
    "unseal": 2_000,
    "unseal-many": 2_000_000,  # an hour of what the rate lets through; who may open what is the officers' word
    "check-partner-signature": 10_000_000,
    "blind-index": 1_000_000,
    "pseudonym": 10_000_000,
    "revoke-cards": 50_000,
    "lift-anomaly": 1_000_000,  # what it does needs an officer; nobody may keep officers from it
}

# Of each caller and operation: the hour last counted, when the trip ends, what this hour may hold; then the hours in a ring.
_LAST, _TRIPPED_UNTIL, _ALLOWED = range(HEAD, HEAD + 3)
_HOURS: Final = HEAD + 3
_RING: Final = (DAYS + 1) * HOURS_A_DAY
_SIZE: Final = _HOURS + _RING
CELLS_NEEDED: Final = CallerRecords(_SIZE).cells_needed

log = logging.getLogger("hsm")


class AnomalyLimit:
    """Counts by hour, caller and operation. ``clock`` must be the same for all who share the counters."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        counters: Counters | None = None,
        floors: Mapping[str, int] = FLOORS,
    ) -> None:
        self._clock = clock
        self._counters = counters or nullcontext([0.0] * CELLS_NEEDED)
        self._floors = floors
        self._records = CallerRecords(_SIZE)

    def spend(self, caller: int, operation: str, weight: int) -> None:
        """Count ``weight`` for a caller's user id. Raises AnomalyRefused, counting nothing; so does an operation without a floor. Raises CountersFull."""
        if operation not in self._floors:
            raise AnomalyRefused(operation=operation, uid=caller, found=weight, allowed=0)
        now = int(self._clock().timestamp())
        with self._counters as cells:
            place = self._place(cells, caller, operation)
            if now // _HOUR > cells[place + _LAST]:
                self._turn_to(cells, place, now // _HOUR, self._floors[operation])
            # A clock that was put back goes on counting in the hour it had reached.
            here = place + _HOURS + int(cells[place + _LAST]) % _RING
            found, allowed = cells[here] + weight, cells[place + _ALLOWED]
            if now >= cells[place + _TRIPPED_UNTIL] and found <= allowed:
                cells[here] = found
                return
            is_new = now >= cells[place + _TRIPPED_UNTIL]
            if is_new:
                cells[place + _TRIPPED_UNTIL] = now + HOLD
            seconds = int(cells[place + _TRIPPED_UNTIL]) - now
        if is_new:
            log.error(
                "anomaly operation=%s uid=%d in this hour=%d allowed=%d: %d times the second busiest of 7 daily peaks, at least %d; "
                "refused for %d s or until an officer lifts it",
                *(operation, caller, found, allowed, FACTOR, self._floors[operation], seconds),
            )
        raise AnomalyRefused(operation=operation, uid=caller, found=int(found), allowed=int(allowed), seconds=seconds)

    def lift(self, caller: int, operation: str) -> None:
        """Let the caller ask again, with an empty present hour: for an officer only (``grants.py``)."""
        with self._counters as cells:
            place = self._place(cells, caller, operation)
            cells[place + _TRIPPED_UNTIL] = 0.0
            cells[place + _HOURS + int(cells[place + _LAST]) % _RING] = 0.0

    def _place(self, cells: Cells, caller: int, operation: str) -> int:
        place = self._records.place(cells, caller, operation)
        if place is None:
            raise CountersFull(operation=operation, uid=caller)
        return place

    @staticmethod
    def _turn_to(cells: Cells, place: int, hour: int, floor: int) -> None:
        """Empty the hours that went by unused, and say what the new one may hold."""
        begin = place + _HOURS
        last = int(cells[place + _LAST])
        for passed in range(max(last + 1, hour - _RING + 1), hour + 1):
            cells[begin + passed % _RING] = 0.0
        cells[place + _LAST] = float(hour)
        peaks = sorted(
            max(cells[begin + (hour - 1 - day * HOURS_A_DAY - back) % _RING] for back in range(HOURS_A_DAY))
            for day in range(DAYS)
        )
        cells[place + _ALLOWED] = max(float(floor), FACTOR * peaks[-2])
