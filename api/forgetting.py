# SPDX-License-Identifier: Apache-2.0
"""Challenges that nobody can answer any more, and access tokens that ended, are deleted now and then: what was done with them is on record."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from starlette.concurrency import run_in_threadpool

from api.gate.unforeseen import note_unforeseen

EVERY_S = 600.0
KEPT = timedelta(hours=1)  # after its end; a dispute of the last minutes still finds the challenge itself


class Forgetful(Protocol):
    """Where challenges and access tokens are."""

    def forget_challenges(self, before: datetime) -> int:
        """Delete those that expired before a moment."""
        ...

    def forget_access_tokens(self, before: datetime) -> int:
        """Delete those that ended before a moment."""
        ...


async def forget_for_ever(store: Forgetful, clock: Callable[[], datetime], *, every_s: float = EVERY_S) -> None:
    """Run until cancelled. A failure is noted and tried again: a service that answers must not end over old rows."""
    while True:
        try:
            await run_in_threadpool(store.forget_challenges, clock() - KEPT)
            await run_in_threadpool(store.forget_access_tokens, clock() - KEPT)
        except Exception as error:  # noqa: BLE001 - see above
            note_unforeseen(error)
        await asyncio.sleep(every_s)
