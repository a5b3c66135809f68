# SPDX-License-Identifier: Apache-2.0
"""Threads of partners' requests: who gets none in time begins nothing; what was begun is waited for, however long."""

import asyncio
import threading

import pytest

from api import partner_routes
from api.partner_routes import partner_threads
from cardservice.collection.in_thread import NoThreadFree


def test_who_gets_no_thread_in_time_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partner_routes, "THREADS", 1)
    begun, release, ran = threading.Event(), threading.Event(), []

    def hold() -> str:
        begun.set()
        release.wait(30)
        return "held"

    async def ask() -> str:
        in_thread = partner_threads()
        first: asyncio.Future[str] = asyncio.ensure_future(in_thread(hold, 0.01))
        await asyncio.to_thread(begun.wait, 30)
        with pytest.raises(NoThreadFree):
            await in_thread(lambda: ran.append(1), 0.05)
        assert not first.done()  # its own patience ended long ago; it was begun
        release.set()
        held = await first
        await in_thread(lambda: ran.append(2), 30)
        return held

    assert asyncio.run(ask()) == "held"
    assert ran == [2]
