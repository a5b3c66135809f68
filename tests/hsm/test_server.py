# SPDX-License-Identifier: Apache-2.0
import contextlib
import logging
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm import server
from hsm.client import KeyProcess
from hsm.errors import SocketUnusable
from hsm.guards.by_purpose import GUARDS
from hsm.key_bundle import KeyBundle
from hsm.listening_socket import listen, listening_at
from hsm.server import KeyServer
from tests.hsm.documents import audit_root
from tests.hsm.raw_caller import RawCaller
from tests.hsm.running import ROOT, Recorder, SetClock, eventually, serving, short_folder


def test_socket_and_folder_are_closed_to_others(socket_path: Path) -> None:
    assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700


def test_an_oversized_frame_is_refused_and_hung_up_on(socket_path: Path) -> None:
    with RawCaller(socket_path) as caller:
        caller.send((256 * 1024 + 1).to_bytes(4) + b"\x81")
        ((outcome, code, evidence),) = caller.receive()
        assert (outcome, code, evidence) == (1, "hsm-frame-too-large", {"limit": 256 * 1024})
        assert caller.receive() is None
    with RawCaller(socket_path) as caller:
        assert caller.ask(["ping"]) == [[0, "software"]]


def test_half_a_frame_at_the_end_is_refused(socket_path: Path) -> None:
    with RawCaller(socket_path) as caller:
        caller.send(b"\x00\x00\x00\x10\x81")
        caller.peer.shutdown(socket.SHUT_WR)
        assert caller.receive()[0][:2] == [1, "hsm-frame-malformed"]
        assert caller.receive() is None


def test_half_a_frame_that_never_ends_is_refused_in_time(bundle: KeyBundle, clock: SetClock) -> None:
    with serving(bundle, clock, half_frame_seconds=0.1) as path, RawCaller(path) as caller:
        caller.send(b"\x00\x00")
        assert caller.receive()[0][:2] == [1, "hsm-frame-malformed"]
        assert caller.receive() is None


def test_a_frame_in_single_bytes_is_whole_in_the_end(socket_path: Path) -> None:
    with RawCaller(socket_path) as caller:
        for octet in b"\x00\x00\x00\x07\x81\x81\x64ping":
            caller.send(bytes([octet]))
        assert caller.receive() == [[0, "software"]]


def test_three_frames_at_once_are_answered_in_order(socket_path: Path) -> None:
    ping, unknown = b"\x00\x00\x00\x07\x81\x81\x64ping", b"\x00\x00\x00\x04\x81\x81\x61x"
    with RawCaller(socket_path) as caller:
        caller.send(ping + unknown + ping)
        assert [caller.receive()[0][0] for _ in range(3)] == [0, 1, 0]


def test_a_well_framed_nonsense_keeps_the_connection(socket_path: Path) -> None:
    with RawCaller(socket_path) as caller:
        caller.send_frame(b"\xff\x00garbage")
        assert caller.receive()[0][:2] == [1, "hsm-frame-malformed"]
        caller.send_frame(b"")
        assert caller.receive()[0][:2] == [1, "hsm-frame-malformed"]
        assert caller.ask(["ping"]) == [[0, "software"]]


def test_a_caller_that_takes_no_answers_does_not_stop_the_others(socket_path: Path) -> None:
    request = b"\x81\x81\x73show-ca-certificate"
    with RawCaller(socket_path) as deaf, RawCaller(socket_path) as other:
        deaf.peer.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(100_000):
                deaf.send(len(request).to_bytes(4) + request)
        assert other.ask(["ping"]) == [[0, "software"]]


def test_a_caller_that_takes_no_answers_is_hung_up_on(bundle: KeyBundle, clock: SetClock) -> None:
    request = b"\x81\x81\x73show-ca-certificate"
    with serving(bundle, clock, half_frame_seconds=0.1) as path, RawCaller(path) as deaf:
        deaf.peer.setblocking(False)

        def is_hung_up_on() -> bool:
            try:
                deaf.send(len(request).to_bytes(4) + request)
            except BlockingIOError:
                return False
            except OSError:
                return True
            return False

        assert eventually(is_hung_up_on)


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
        "from hsm.client import KeyProcess; from hsm.errors import HsmError\n"
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


def test_a_fault_on_one_request_is_that_requests_answer(
    socket_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        message = "secret 0123"
        raise RuntimeError(message)

    monkeypatch.setitem(GUARDS, Purpose.AUDIT, broken)
    with RawCaller(socket_path) as caller, caplog.at_level(logging.INFO, "hsm"):
        assert caller.ask(["sign-audit-root", audit_root()]) == [
            [1, "hsm-operation-failed", {"operation": "sign-audit-root"}]
        ]
        assert caller.ask(["ping"]) == [[0, "software"]]
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_log_names_callers_and_operations_and_no_values(
    bundle: KeyBundle, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "hsm"),
        serving(bundle, clock) as path,
        RawCaller(path) as caller,
    ):
        caller.ask(["ping"], ["blind-index", [b"3171010101010001"]], ["nonsense-3171010101010001"])
    # In one line or, where the second turned between them, in several.
    told = [line for record in caplog.records if (line := record.getMessage()).startswith("answered ")]
    assert {word for line in told for word in line.split()[2:]} == {
        "ping=1",
        "blind-index=1",
        "?:hsm-operation-unknown=1",
    }
    assert {line.split()[1] for line in told} == {f"uid={os.geteuid()}"}
    assert "3171" not in caplog.text


def test_what_is_opened_is_recorded_with_its_reason(bundle: KeyBundle, clock: SetClock) -> None:
    recorder = Recorder()
    with serving(bundle, clock, recorder=recorder) as path, RawCaller(path) as caller:
        ((_, (sealed,)),) = caller.ask(["seal", [["member/nik/7", b"value"]]])
        assert caller.ask(["unseal", "member/nik/7", sealed, "print card"]) == [[0, b"value"]]
        caller.ask(["unseal", "member/nik/8", sealed, "a try"])
    assert recorder.lines == [
        "unseal context=member/nik/7 reason=print card",
        "unseal context=member/nik/8 reason=a try",
    ]


def test_many_callers_at_once(socket_path: Path) -> None:
    answers: list[object] = []

    def call() -> None:
        with RawCaller(socket_path) as caller:
            answers.extend(caller.ask(["ping"]) for _ in range(20))

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[[0, "software"]]] * 320


def test_a_folder_open_to_others_is_refused() -> None:
    with short_folder() as folder:
        folder.chmod(0o755)
        with pytest.raises(SocketUnusable, match="0700"):
            listen(folder / "s")


def test_a_path_too_long_is_refused() -> None:
    with short_folder() as short, pytest.raises(SocketUnusable, match="107"):
        listen(short / ("k" * 120))


def test_a_file_in_the_way_is_refused_and_kept() -> None:
    with short_folder() as folder:
        (folder / "s").write_text("mine")
        with pytest.raises(SocketUnusable):
            listen(folder / "s")
        assert (folder / "s").read_text() == "mine"


def test_a_dead_socket_is_taken_over() -> None:
    with short_folder() as folder:
        listen(folder / "s").close()
        assert (folder / "s").exists()
        with listening_at(folder / "s"), RawCaller(folder / "s"):
            pass
        assert not (folder / "s").exists()


def test_the_socket_is_gone_after_the_server(bundle: KeyBundle, clock: SetClock) -> None:
    with serving(bundle, clock) as path:
        assert path.exists()
    assert not path.exists()
