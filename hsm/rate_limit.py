# SPDX-License-Identifier: Apache-2.0
"""How often each operation may be asked: a token bucket per operation, wide for work, narrow for opening sealed values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
    "seal": Rate(10_000, 50_000),
    "unseal": Rate(10, 200),
    "blind-index": Rate(2_000, 20_000),
    "pseudonym": Rate(10_000, 50_000),
}


class RateLimit:
    """Counts what is asked and refuses what is too much. ``monotonic`` gives seconds that only rise."""

    def __init__(self, rates: Mapping[str, Rate], monotonic: Callable[[], float]) -> None:
        self._rates = rates
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}

    def spend(self, operation: str, weight: int) -> None:
        """Take ``weight`` from the operation's bucket. Raises RateExceeded, taking nothing; so does an operation without a rate."""
        rate = self._rates.get(operation)
        if rate is None:
            raise RateExceeded(operation=operation)
        now = self._monotonic()
        left, since = self._left.get(operation, (float(rate.burst), now))
        left = min(rate.burst, left + (now - since) * rate.per_second)
        if left < weight:
            self._left[operation] = (left, now)
            raise RateExceeded(operation=operation)
        self._left[operation] = (left - weight, now)
