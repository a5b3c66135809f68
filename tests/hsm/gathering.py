# SPDX-License-Identifier: Apache-2.0
"""Clients of the key process for tests with a crowd: what shares a trip and what does not is theirs to say, not the machine's."""

from collections.abc import Sequence
from pathlib import Path

from cardservice.clock import monotonic
from hsm.client.key_process import KeyProcess
from hsm.client.shared_trips import SharedTrips
from hsm.wire.protocol import is_refused_whole
from tests.hsm.running import eventually

CROWD = 12


class Patient(KeyProcess):
    """A client to which no trip is slow: this machine may be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, deadline=30)
        self._shared = SharedTrips(self._travel, is_refused_whole, monotonic=monotonic, slow=3600.0)


class Gathering(Patient):
    """Its first trip, once it ``gathers``, waits until the rest of the crowd stands in the queue, so that it travels together."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gathers = True
        self.trips: list[int] = []

    def _travel(self, requests: Sequence[bytes], until: float) -> list[object]:
        if not self.gathers:
            return super()._travel(requests, until)
        self.trips.append(len(requests))
        if len(self.trips) == 1:
            assert eventually(lambda: len(self._shared._waiting) == CROWD - 1)
        return super()._travel(requests, until)
