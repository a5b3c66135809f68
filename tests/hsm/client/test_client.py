# SPDX-License-Identifier: Apache-2.0
import contextlib
import os
import select
import socket
import threading
from pathlib import Path

import pytest

from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.client.key_process import KeyProcess
from hsm.errors import CallerRefused, FrameTooLarge, KeyProcessDown, MalformedFrame, RequestRefused
from hsm.stores.key_bundle import KeyBundle
from hsm.wire.protocol import frame
from tests.hsm.documents import token_input
from tests.hsm.far_end import answering
from tests.hsm.running import SetClock, eventually, hsm_process, run_hsm, serving, short_folder

PATIENCE = 60.0  # seconds in which a far end has not given up before us, on any machine
DROPS = 600  # a minute of them


def test_nobody_there_is_told_at_once() -> None:
    """By what the kernel said of the first try, not by a deadline: that one is further away than anybody would wait."""
    with (
        short_folder() as folder,
        KeyProcess(folder / "s", deadline=600) as keys,
        pytest.raises(KeyProcessDown, match="No such file"),
    ):
        keys.ping()


def test_a_mute_far_end_is_given_up_within_the_deadline() -> None:
    given_up = threading.Event()
    was_mute: list[bool] = []

    with answering(lambda _: was_mute.append(given_up.wait(PATIENCE))) as path, KeyProcess(path, deadline=0.3) as keys:
        with pytest.raises(KeyProcessDown, match=r"0\.3 s"):
            keys.ping()
        given_up.set()
    assert was_mute == [True]  # until we gave up: the far end did not


def test_an_answer_in_drops_does_not_stretch_the_deadline() -> None:
    given_up = threading.Event()
    drops: list[bool] = []

    def dripping(peer: socket.socket) -> None:
        peer.recv(100)
        for octet in (4096).to_bytes(4) + bytes(DROPS):
            with contextlib.suppress(OSError):
                peer.send(bytes([octet]))
            drops.append(given_up.wait(0.1))
            if drops[-1]:
                return

    with answering(dripping) as path, KeyProcess(path, deadline=0.4) as keys:
        with pytest.raises(KeyProcessDown, match=r"0\.4 s"):
            keys.ping()
        given_up.set()
    assert drops[-1]  # it went on dripping until we gave up


def test_a_question_that_was_read_is_asked_again_if_repeatable_and_an_opening_is_not() -> None:
    asked: list[bytes] = []

    def reads_and_hangs_up(peer: socket.socket) -> None:
        asked.append(peer.recv(1000))

    with (
        answering(reads_and_hangs_up, calls=3) as path,
        KeyProcess(path, deadline=0.5) as keys,
        pytest.raises(KeyProcessDown),  # at last nobody picks up any more
    ):
        keys.ping()
    assert len(asked) == 3
    asked.clear()
    with (
        answering(reads_and_hangs_up) as path,
        KeyProcess(path) as keys,
        pytest.raises(KeyProcessDown, match="not asked again"),
    ):
        keys.sealer.unseal("a", bytes(40), reason="test")
    assert len(asked) == 1


def test_a_question_that_nobody_read_is_asked_elsewhere_even_an_opening() -> None:
    """The kernel tells the two apart: ECONNRESET or EPIPE where bytes lay unread, an end of file where none did."""
    calls: list[int] = []

    def first_hangs_up_unread(peer: socket.socket) -> None:
        calls.append(1)
        if len(calls) == 1:
            select.select([peer], [], [], 5)
            return
        peer.recv(1000)
        peer.sendall(frame([[0, b"opened"]]))

    with answering(first_hangs_up_unread, calls=2) as path, KeyProcess(path) as keys:
        assert keys.sealer.unseal("a", bytes(40), reason="test") == b"opened"
    assert len(calls) == 2


def test_a_large_question_of_which_a_part_was_read_is_asked_elsewhere() -> None:
    calls: list[int] = []

    def first_takes_a_bite(peer: socket.socket) -> None:
        calls.append(1)
        if len(calls) == 1:
            peer.recv(1000)
            return
        whole = peer.makefile("rb")
        whole.read(int.from_bytes(whole.read(4)))
        peer.sendall(frame([[0, b"opened"]]))

    with answering(first_takes_a_bite, calls=2) as path, KeyProcess(path, deadline=5) as keys:
        assert keys.sealer.unseal("a", bytes(60_000), reason="test") == b"opened"
    assert len(calls) == 2


def test_a_refusal_at_the_door_is_heard_before_anything_is_asked(bundle: KeyBundle, clock: SetClock) -> None:
    with (
        serving(bundle, clock, served_uid=os.geteuid() + 1) as path,
        KeyProcess(path) as keys,
        pytest.raises(CallerRefused),
    ):
        keys.ping()


@pytest.mark.parametrize(
    "answer",
    [b"\x00\x00\x00\x01\xff", frame([7]), frame([[0, "a"], [0, "b"]]), (1 << 30).to_bytes(4)],
    ids=["no CBOR", "no answer", "two answers", "endless"],
)
def test_an_answer_that_is_none_is_a_typed_error(answer: bytes) -> None:
    def talks_nonsense(peer: socket.socket) -> None:
        peer.recv(1000)
        peer.sendall(answer)

    with answering(talks_nonsense) as path, KeyProcess(path) as keys, pytest.raises((MalformedFrame, FrameTooLarge)):
        keys.ping()


def test_a_far_end_of_another_user_is_not_trusted(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = KeyProcess(socket_path)
    monkeypatch.setattr("hsm.client.line.peer_uid", lambda _: os.geteuid() + 1)
    with pytest.raises(CallerRefused):
        keys.ping()
    with KeyProcess(socket_path, server_uids=[os.geteuid() + 1]) as trusting:
        assert trusting.ping() == "software"


def test_sixteen_threads_share_one_client(socket_path: Path) -> None:
    key_set = KeySet(KeyOrigin.SCHEME, 0x30, bytes(10))
    wrong: list[int] = []
    with KeyProcess(socket_path, deadline=5) as keys:

        def ask(number: int) -> None:
            for n in range(20):
                host = bytes([number, n] * 4)
                (answer,) = keys.card_keys.session_keys([SessionRequest(key_set, host, host)])
                if answer.card_challenge != host:
                    wrong.append(number)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_a_verifying_key_is_kept_and_forgotten_after_a_refusal(socket_path: Path) -> None:
    with KeyProcess(socket_path) as keys:
        signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
        first = signer.verifying_key
        assert signer.verifying_key is first
        with pytest.raises(RequestRefused):
            signer.sign(token_input("AAAAAAAAAAA"))
        assert signer.verifying_key is not first
        assert signer.verifying_key == first


def test_killed_and_started_again_under_the_same_client() -> None:
    def is_down() -> bool:
        try:
            keys.ping()
        except KeyProcessDown:
            return True
        return False  # its workers have not heard yet

    with short_folder() as folder:
        assert run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").returncode == 0
        with KeyProcess(folder / "run" / "s") as keys:
            with hsm_process(folder) as process:
                (index,) = keys.blind_index.blind_index([b"value"])
                process.kill()
                process.wait()
                assert eventually(is_down)
            with hsm_process(folder):
                assert keys.blind_index.blind_index([b"value"]) == [index]
