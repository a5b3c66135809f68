# SPDX-License-Identifier: Apache-2.0
"""What was answered to whom, told once a second in one log line per caller: enough for an auditor, and no cost per request."""

import logging
from collections import Counter

SECONDS = 1.0  # between lines

log = logging.getLogger("hsm")


class Tally:
    """Counts answers, and refusals by their code."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str]] = Counter()
        self._next = 0.0

    def count(self, caller: int, what: str, times: int = 1) -> None:
        """So many more, for a caller's user id."""
        self._counts[caller, what] += times

    def tell(self, now: float, *, at_once: bool = False) -> None:
        """Write what there is to tell, if it is time to."""
        if not self._counts or (now < self._next and not at_once):
            return
        for uid in sorted({uid for uid, _ in self._counts}):
            said = " ".join(f"{what}={times}" for (caller, what), times in self._counts.items() if caller == uid)
            log.info("answered uid=%d %s", uid, said)
        self._counts.clear()
        self._next = now + SECONDS
