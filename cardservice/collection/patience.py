# SPDX-License-Identifier: Apache-2.0
"""``Patience``: how long one request of a partner waits for others, all its waiting together, from its arrival (decision 0183).

A bank gives up after some 30 s. Who waits for a connection, then for a thread, then for a row, each with a limit of its own, is answered after
their sum; so what is left of one patience bounds every wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Ends at ``until``, seconds of a clock that only rises."""

    monotonic: Callable[[], float]
    until: float

    @classmethod
    def of(cls, seconds: float, monotonic: Callable[[], float]) -> Self:
        """Begins now."""
        return cls(monotonic, monotonic() + seconds)

    def left(self) -> float:
        """Seconds, never below nothing."""
        return max(0.0, self.until - self.monotonic())

    def left_ms(self) -> int:
        """Milliseconds, at least one: a database takes none for no limit."""
        return max(1, int(self.left() * 1_000))
