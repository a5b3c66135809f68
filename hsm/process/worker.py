# SPDX-License-Identifier: Apache-2.0
"""What one worker does: open the keys for itself, then answer on the socket that all share, until told to end."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from cardservice.clock import monotonic, now
from hsm.keys.key_store import KeyStore
from hsm.limits.rate_limit import DEFAULT_RATES, RateLimit
from hsm.limits.record_line import RecordLine
from hsm.limits.safeguards import anomaly_counters_in, rate_counters_in, safeguards_in
from hsm.machine.locked_memory import LockedMemory
from hsm.operations.key_operations import KeyOperations
from hsm.process.dead_mans_alarm import SILENCE, START_SECONDS, wind
from hsm.process.server import KeyServer
from hsm.process.worker_seats import Seat
from hsm.stores.login_turn import login_turn

_TURN_PAUSE = 0.02  # seconds between looks at whether another opens keys still

log = logging.getLogger("hsm")


@dataclass(frozen=True, slots=True)
class SharedParts:
    """What the supervisor made before the first fork, and all workers use: also those that a killed supervisor left, while they leave."""

    listening: socket.socket
    served_uids: Collection[int]
    state: Path
    issuer: str
    rate_counters: LockedMemory
    anomaly_counters: LockedMemory
    turn: LockedMemory

    @classmethod
    def around(cls, listening: socket.socket, served_uids: Collection[int], state: Path, issuer: str) -> "SharedParts":
        """With the counters of an open state folder. Raises StateUnusable."""
        counters = rate_counters_in(state), anomaly_counters_in(state)
        return cls(listening, served_uids, state, issuer, *counters, login_turn(state))


def serve(open_store: Callable[[], KeyStore], shared: SharedParts, seat: Seat) -> None:
    """Answer until SIGTERM. Raises what opening the store raises, StateUnusable and OfficerRefused."""
    # Ctrl-C and a hang-up reach the whole group; the supervisor decides what they mean.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wind(START_SECONDS)
    store = opened_in_turn(open_store, shared.turn, seat)
    safeguards = safeguards_in(
        shared.state,
        shared.anomaly_counters,
        rates=RateLimit(DEFAULT_RATES, monotonic, shared.rate_counters),
        records=store.records(),
        clock=now,
        record=RecordLine(sys.stderr.fileno(), now),
    )
    operations = KeyOperations(store, clock=now, safeguards=safeguards, issuer=shared.issuer)
    server = KeyServer(
        shared.listening,
        operations,
        monotonic=monotonic,
        served_uids=shared.served_uids,
        seat=seat,
        tell_alive=lambda: wind(SILENCE),
    )
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    log.info("worker serves pid=%d backend=%s keys=%d", os.getpid(), store.backend, len(store.descriptions()))
    server.serve()


def opened_in_turn(open_store: Callable[[], KeyStore], turn: LockedMemory, seat: Seat) -> KeyStore:
    """The store, opened by one worker at a time and to the end.

    A login writes to a SoftHSM token (it resets the count of wrong PINs): two at once disturb each other, and one that is ended in the
    middle leaves no token behind. Who waits for his turn is alive: the patience for opening begins when it is his.
    """

    def wait() -> None:
        seat.tell_alive(monotonic())
        wind(START_SECONDS)
        time.sleep(_TURN_PAUSE)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        with turn.in_turn(wait):
            return open_store()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
