# SPDX-License-Identifier: Apache-2.0
"""A worker that is slow and does not hang is left alone: one with a long frame before it, and one that waits for its turn to open the keys."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from hsm.process.listening_socket import listening_at
from hsm.process.server import KeyServer
from hsm.process.worker_seats import Seat
from hsm.stores.login_turn import login_turn
from hsm.wire.requests import Ping
from tests.hsm.process.test_failing_workers import supervised
from tests.hsm.raw_caller import RawCaller
from tests.hsm.running import short_folder

LONG_FRAME = 40  # requests


class SlowToken:
    """Operations that take a second each, by a clock of their own; what the two who end hanging workers had heard before each."""

    def __init__(self) -> None:
        self.time = 0.0
        self.seat = Seat.alone()
        self.wound = 0.0
        self.silences: list[float] = []

    def monotonic(self) -> float:
        return self.time

    def wind(self) -> None:
        self.wound = self.time

    def admit(self, requests: Sequence[object], _: int) -> list[None]:
        return [None] * len(requests)

    def moment(self, _: int) -> None:
        return None

    def prepared(self, request: object, _: None) -> Callable[[], object]:
        assert isinstance(request, Ping)
        return self.carry_out

    def carry_out(self) -> object:
        self.silences.append(self.time - min(self.seat.last_alive, self.wound))
        self.time += 1.0
        return "slow"


def longest_silence() -> float:
    token = SlowToken()
    with short_folder() as folder, listening_at(folder / "s") as listening:
        server = KeyServer(
            listening,
            token,  # type: ignore[arg-type]  # what the server asks of operations
            monotonic=token.monotonic,
            served_uids=[os.geteuid()],
            seat=token.seat,
            tell_alive=token.wind,
        )
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            with RawCaller(folder / "s") as caller:
                assert caller.ask(*[["ping"]] * LONG_FRAME) == [[0, "slow"]] * LONG_FRAME
        finally:
            server.stop()
            thread.join()
    return max(token.silences)


def test_in_the_middle_of_a_long_frame_a_worker_is_heard_of() -> None:
    assert longest_silence() <= 1.0


def test_sabotage_heard_of_between_frames_only_it_would_be_taken_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(KeyServer, "_show_life", lambda self: self._monotonic())
    assert longest_silence() > 30


OPENING = (
    "from hsm.process.worker import opened_in_turn; opened_in_turn(lambda: print('opened', flush=True), turn, seat); "
    "seat.tell_ready(); time.sleep(60)"
)
IMPATIENT = (
    "from pathlib import Path; from hsm.stores.login_turn import login_turn; turn = login_turn(Path({state!r})); "
    "supervisor.START_SECONDS = 1.0; supervisor._SOON = 0.05"
)


def test_who_waits_for_his_turn_to_open_the_keys_is_waited_for(tmp_path: Path) -> None:
    another = ExitStack()
    another.enter_context(login_turn(tmp_path))
    with another, supervised(OPENING, IMPATIENT.format(state=str(tmp_path))) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "began\n"
        time.sleep(2.5)  # longer than the patience with which it was started
        another.close()
        assert process.stdout.readline() == "opened\n"
        process.terminate()
        assert process.wait(30) == 0


def test_sabotage_who_waits_in_silence_is_killed_and_the_start_refused(tmp_path: Path) -> None:
    silent = IMPATIENT.format(state=str(tmp_path)) + ""
    silent += "; type(turn).in_turn = lambda self, _: self"
    with login_turn(tmp_path), supervised(OPENING, silent) as process:
        _, error = process.communicate(timeout=60)
    assert error.splitlines()[-1] == "hsm-worker-failed (ended_by=-9)"
