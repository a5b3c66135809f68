# SPDX-License-Identifier: Apache-2.0
"""Who is let in: crowds, users whom the server does not serve, and a system that has no descriptor for one more."""

import errno
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from hsm.client.key_process import KeyProcess
from hsm.process import server
from hsm.process.server import KeyServer
from hsm.stores.key_bundle import KeyBundle
from tests.hsm.raw_caller import RawCaller
from tests.hsm.running import ROOT, SetClock, eventually, serving

PING = [[0, "software"]]


@pytest.fixture
def callers_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Room for four; and the kernel says of callers to come that they are of this user."""
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 4)
    return lambda uid: monkeypatch.setattr(server, "peer_uid", lambda _: uid)


@pytest.mark.parametrize("rest", [b"", b"\x00\x00"], ids=["idle", "half frames"])
def test_another_users_crowd_locks_nobody_out(
    bundle: KeyBundle, clock: SetClock, callers_as: Callable[[int], None], rest: bytes
) -> None:
    """The clinic keeps its one connection, and gets another, however many the crowd opens."""
    with serving(bundle, clock, other_uids=[7]) as path, ExitStack() as stack:
        clinic = stack.enter_context(RawCaller(path))
        assert clinic.ask(["ping"]) == PING
        callers_as(7)
        for _ in range(12):
            one_of_them = stack.enter_context(RawCaller(path))
            with suppress(
                OSError
            ):  # he is hung up on where there is no room even for him, perhaps before he has said it all
                one_of_them.send(b"\x00\x00\x00\x07\x81\x81\x64ping" + rest)
                assert one_of_them.receive()
        callers_as(os.geteuid())
        assert stack.enter_context(RawCaller(path)).ask(["ping"]) == PING
        assert clinic.ask(["ping"]) == PING


def test_where_there_are_too_many_the_quietest_makes_room(
    bundle: KeyBundle, clock: SetClock, callers_as: Callable[[int], None]
) -> None:
    callers_as(os.geteuid())
    with serving(bundle, clock) as path, ExitStack() as stack:
        first, second, *others = (stack.enter_context(RawCaller(path)) for _ in range(4))
        for caller in (second, *others, first):
            assert caller.ask(["ping"]) == PING
        assert stack.enter_context(RawCaller(path)).ask(["ping"]) == PING
        assert second.receive() is None
        assert [caller.ask(["ping"]) for caller in (first, *others)] == [PING] * 3


def test_a_client_that_had_to_make_room_comes_back_without_noticing(
    bundle: KeyBundle, clock: SetClock, callers_as: Callable[[int], None]
) -> None:
    callers_as(os.geteuid())
    with serving(bundle, clock) as path, KeyProcess(path) as keys, ExitStack() as stack:
        assert keys.ping() == "software"
        for _ in range(4):
            assert stack.enter_context(RawCaller(path)).ask(["ping"]) == PING
        assert keys.ping() == "software"


def test_sabotage_without_making_room_idle_callers_lock_everybody_out(
    bundle: KeyBundle, clock: SetClock, callers_as: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    callers_as(os.geteuid())
    monkeypatch.setattr(KeyServer, "_has_room_for", lambda self, _: len(self._connections) < 4)
    with serving(bundle, clock) as path, ExitStack() as stack:
        for _ in range(4):
            assert stack.enter_context(RawCaller(path)).ask(["ping"]) == PING
        assert stack.enter_context(RawCaller(path)).receive()[0][:2] == [1, "hsm-caller-refused"]


def test_another_user_is_refused(bundle: KeyBundle, clock: SetClock) -> None:
    """The socket's mode keeps others out; SO_PEERCRED is the second lock, tried here as a user that the server does not serve."""
    with serving(bundle, clock, served_uid=os.geteuid() + 1) as path, RawCaller(path) as caller:
        caller.peer.settimeout(5)
        assert caller.receive()[0][:2] == [1, "hsm-caller-refused"]


def test_the_socket_does_not_open_to_another_user(socket_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = (
        "import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX)\n"
        "try: s.connect(sys.argv[1])\nexcept PermissionError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(socket_path)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.stdout == "refused\n"


def test_a_group_may_reach_the_socket_and_who_asks_is_still_looked_at(bundle: KeyBundle) -> None:
    """The service under a user of its own: it is let in by group and by user id, another member of the group is not answered."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = (
        "import os, sys; from pathlib import Path\n"
        "from hsm.client.key_process import KeyProcess; from hsm.errors import HsmError\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(int(sys.argv[2]))\n"
        "try: print(KeyProcess(Path(sys.argv[1]), server_uids=[0]).ping())\n"
        "except HsmError as error: print(error.code)"
    )

    def asked_as(uid: int, path: Path) -> str:
        line = [sys.executable, "-c", program, str(path), str(uid)]
        return subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()

    with serving(bundle, SetClock(), served_uid=65534, group=65534) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o710
        assert asked_as(65534, path) == "software"
        assert asked_as(65533, path) == "hsm-caller-refused"


class ShortListening:
    """A listening socket on a system that is out of descriptors until ``short`` is put back; it counts how often it was asked."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.short = False
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def accept(self) -> tuple[socket.socket, object]:
        self.asked += 1
        if self.short:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return self._real.accept()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[ShortListening]:
    """The listening sockets of servers to come."""
    made: list[ShortListening] = []
    begin = KeyServer.__init__

    def around(self: KeyServer, listening: socket.socket, *rest: object, **named: object) -> None:
        made.append(ShortListening(listening))
        begin(self, made[-1], *rest, **named)  # type: ignore[arg-type] # it stands for the socket

    monkeypatch.setattr(KeyServer, "__init__", around)
    return made


def turns_while_short(path: Path, listening: ShortListening) -> int:
    """How often new callers were looked for while one waited and a connected one was answered fifty times."""
    with RawCaller(path) as connected:
        assert connected.ask(["ping"]) == PING
        listening.short, listening.asked = True, 0
        with RawCaller(path) as waiting:
            waiting.send(b"\x00\x00\x00\x07\x81\x81\x64ping")
            assert eventually(lambda: listening.asked > 0)
            for _ in range(50):
                assert connected.ask(["ping"]) == PING
            asked, listening.short = listening.asked, False
            assert waiting.receive() == PING
    return asked


def test_out_of_descriptors_the_connected_are_served_and_who_waits_is_let_in_later(
    bundle: KeyBundle, clock: SetClock, short: list[ShortListening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SHORTAGE_SECONDS", 2.0)
    with serving(bundle, clock) as path:
        assert turns_while_short(path, short[0]) <= 5


def test_sabotage_without_a_pause_it_looks_for_new_callers_at_every_turn(
    bundle: KeyBundle, clock: SetClock, short: list[ShortListening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_SHORTAGES", set())
    with serving(bundle, clock) as path:
        assert turns_while_short(path, short[0]) >= 50
