# SPDX-License-Identifier: Apache-2.0
import contextlib
import logging
import os
import socket
import stat
import threading
from collections import Counter
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.errors import SocketUnusable
from hsm.guards.by_purpose import GUARDS
from hsm.process.listening_socket import listen, listening_at
from hsm.stores.key_bundle import KeyBundle
from tests.hsm.documents import audit_root
from tests.hsm.raw_caller import RawCaller
from tests.hsm.running import Recorder, SetClock, eventually, serving, short_folder


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


def counted(caplog: pytest.LogCaptureFixture) -> Counter[str]:
    """What the log says was answered; there may be no line of another kind, but that of the end."""
    lines = [record.getMessage() for record in caplog.records if record.name == "hsm"]
    assert {line.split()[0] for line in lines} <= {"answered", "worker"}
    found: Counter[str] = Counter()
    for line in lines:
        for word in line.split()[2:] if line.startswith("answered") else ():
            what, _, times = word.rpartition("=")
            found[what] += int(times)
    return found


def test_who_is_refused_again_and_again_does_not_fill_the_log(
    bundle: KeyBundle, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "hsm"), serving(bundle, clock) as path:
        with RawCaller(path) as caller:
            for _ in range(200):
                caller.send_frame(b"\xff")
                assert [answer[:2] for answer in caller.receive()] == [[1, "hsm-frame-malformed"]]
        for content in (b"\xff\xff\xff\xff", b"\0\0\0\x09half"):
            for _ in range(20):
                with RawCaller(path) as caller:
                    caller.send(content)
                    caller.peer.shutdown(socket.SHUT_WR)
                    assert caller.receive()
    assert counted(caplog) == {"?:hsm-frame-malformed": 200, "?:hsm-frame-too-large": 20, "connection:half-frame": 20}


def test_whom_nobody_let_in_does_not_fill_the_log_either(
    bundle: KeyBundle, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "hsm"), serving(bundle, clock, served_uid=os.geteuid() + 1) as path:
        for _ in range(50):
            with RawCaller(path) as caller:
                assert caller.receive() == [[1, "hsm-caller-refused", {"uid": os.geteuid()}]]
    assert counted(caplog) == {"connection:refused": 50}


def test_what_is_opened_is_recorded_with_who_asked_and_why(bundle: KeyBundle, clock: SetClock) -> None:
    recorder = Recorder()
    with serving(bundle, clock, recorder=recorder) as path, RawCaller(path) as caller:
        ((_, (sealed,)),) = caller.ask(["seal", [["member/nik/7", b"value"]]])
        assert caller.ask(["unseal", "member/nik/7", sealed, "print card"]) == [[0, b"value"]]
        caller.ask(["unseal", "member/nik/8", sealed, "a try"])
    assert recorder.lines == [
        f"unseal context=member/nik/7 by={os.geteuid()} reason=print card",
        f"unseal context=member/nik/8 by={os.geteuid()} reason=a try",
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
