# SPDX-License-Identifier: Apache-2.0
"""Counters that make no sense any more: who is counted there is refused, and neither the worker nor anybody else's keys go with them."""

import math
import socket
from pathlib import Path

import pytest

from hsm.limits.anomaly_limit import CELLS_NEEDED
from hsm.limits.caller_records import HEAD
from hsm.machine.locked_memory import LockedMemory
from hsm.process.answering import Answering
from hsm.stores.key_bundle import KeyBundle
from tests.hsm.raw_caller import RawCaller
from tests.hsm.running import SetClock, serving

PINGS = slice(HEAD, 16)  # of the first record: whoever asked first


def damage(state: Path) -> None:
    counters = LockedMemory(CELLS_NEEDED, state / "anomaly-counters")
    for place in range(*PINGS.indices(CELLS_NEEDED)):
        counters.cells[place] = math.nan
    counters.close()


def test_nobody_is_let_through_and_the_worker_goes_on(bundle: KeyBundle, clock: SetClock, tmp_path: Path) -> None:
    with serving(bundle, clock, state=tmp_path / "state") as path, RawCaller(path) as caller:
        assert caller.ask(["ping"]) == [[0, "software"]]
        damage(tmp_path / "state")
        for _ in range(2):
            assert caller.ask(["ping"]) == [[1, "hsm-operation-failed", {"operation": "ping"}]]
        assert caller.ask(["show-ca-certificate"])[0][0] == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_sabotage_counted_without_care_the_worker_ends_for_everybody(
    bundle: KeyBundle, clock: SetClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Answering, "_admitted", lambda self, read, caller: self._operations.admit(read, caller) and read
    )
    with serving(bundle, clock, state=tmp_path / "state") as path, RawCaller(path) as caller, RawCaller(path) as other:
        caller.ask(["ping"])
        damage(tmp_path / "state")
        assert caller.ask(["ping"]) is None
        assert other.peer.recv(1, socket.MSG_WAITALL) == b""
