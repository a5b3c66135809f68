# SPDX-License-Identifier: Apache-2.0
"""What one worker does: open the keys for itself, then answer on the socket that all share, until told to end."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass

from cardservice.clock import monotonic, now
from hsm.key_store import KeyStore
from hsm.locked_memory import LockedMemory
from hsm.operations import KeyOperations
from hsm.rate_limit import DEFAULT_RATES, RateLimit, counters_needed
from hsm.server import KeyServer
from hsm.worker_seats import Seat

log = logging.getLogger("hsm")


@dataclass(frozen=True, slots=True)
class SharedParts:
    """What the supervisor made before the first fork, and all workers use."""

    listening: socket.socket
    rate_counters: LockedMemory
    served_uids: Collection[int]

    @classmethod
    def around(cls, listening: socket.socket, served_uids: Collection[int]) -> "SharedParts":
        """With counters at zero."""
        return cls(listening, LockedMemory(counters_needed(DEFAULT_RATES)), served_uids)


def serve(open_store: Callable[[], KeyStore], shared: SharedParts, seat: Seat) -> None:
    """Answer until SIGTERM. Raises what opening the store raises."""
    # Ctrl-C and a hang-up reach the whole group; the supervisor decides what they mean.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    store = open_store()
    operations = KeyOperations(
        store,
        clock=now,
        rate_limit=RateLimit(DEFAULT_RATES, monotonic, shared.rate_counters),
        record=lambda context, reason: log.info("unseal context=%s reason=%s", context, reason),
    )
    server = KeyServer(shared.listening, operations, monotonic=monotonic, served_uids=shared.served_uids, seat=seat)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    log.info("worker serves pid=%d backend=%s keys=%d", os.getpid(), store.backend, len(store.descriptions()))
    server.serve()
