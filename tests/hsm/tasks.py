# SPDX-License-Identifier: Apache-2.0
"""A crowd of tasks that ask through shared trips, over a far end that holds every trip until a test says how it ends."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hsm.client.awaited_trips import AwaitedTrips
from tests.hsm.held_lines import HeldFarEnd, held_far_end

PATIENCE = 30.0  # seconds for the machine, and no figure


class Tasks:
    """Callers by number, each a task with questions of its own."""

    def __init__(self, far_end: HeldFarEnd, trips: AwaitedTrips) -> None:
        self.far_end = far_end
        self.trips = trips
        self.tasks: list[asyncio.Task[list[object]]] = []

    def arrive(self, *counts: int, octets: int = 0) -> None:
        """One more caller each, with so many requests."""
        for count in counts:
            requests = self.requests_of(len(self.tasks), count, octets)

            async def ask(requests: list[list[object]] = requests) -> list[object]:
                return await self.trips.ask(requests)

            self.tasks.append(asyncio.create_task(ask()))

    @staticmethod
    def requests_of(number: int, count: int, octets: int = 0) -> list[list[object]]:
        return [[f"{number}/{n}/", bytes(octets)] for n in range(count)]

    async def are_told(self) -> list[list[object] | BaseException]:
        return await asyncio.gather(*self.tasks, return_exceptions=True)


@asynccontextmanager
async def tasks(deadline: float = PATIENCE) -> AsyncIterator[Tasks]:
    async with held_far_end() as far_end:
        trips = AwaitedTrips(far_end.path, [os.geteuid()], deadline)
        crowd = Tasks(far_end, trips)
        try:
            yield crowd
        finally:
            trips.close()
            await crowd.are_told()


def answered(number: int, count: int) -> list[object]:
    return [[0, request] for request in Tasks.requests_of(number, count)]
