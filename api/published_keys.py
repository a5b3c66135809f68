# SPDX-License-Identifier: Apache-2.0
"""The public keys of one purpose, asked of the key process now and then: public keys outlive its restarts."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool

from cardservice.keys import VerifyingKey
from hsm.errors import HsmError

FRESH = timedelta(seconds=30)  # the successor is published days ahead, so nothing is missed


class PublishedKeys:
    """``current()`` gives the keys, the one that signs now first. At worst several requests ask at once."""

    def __init__(self, ask: Callable[[], Sequence[VerifyingKey]], clock: Callable[[], datetime]) -> None:
        self._ask = ask
        self._clock = clock
        self._known: tuple[Sequence[VerifyingKey], datetime] | None = None

    async def current(self) -> Sequence[VerifyingKey]:
        """Keys at most 30 seconds old, or older ones while the key process is away. Raises HsmError if none were ever heard of."""
        known, now = self._known, self._clock()
        if known is not None and timedelta(0) <= now - known[1] < FRESH:
            return known[0]
        try:
            keys = tuple(await run_in_threadpool(self._ask))
        except HsmError:
            if known is None:
                raise
            return known[0]
        self._known = (keys, now)
        return keys
