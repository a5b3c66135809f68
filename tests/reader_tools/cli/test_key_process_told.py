# SPDX-License-Identifier: Apache-2.0
"""What a custody command knows after it told the key process: that the change was taken, that it was told, or nothing. And a stranger is never signalled."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsm.process.listening_socket import listening_at
from reader_tools.cli import key_process
from reader_tools.cli.key_process import Told, lock_holder, told_to_open_again
from tests.hsm.running import hsm_process, is_alive, run_hsm, short_folder, workers_of

SHORT = 0.5  # seconds of patience where nothing will come


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with development keys."""
    with short_folder() as folder:
        done = run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass")
        assert done.returncode == 0, done.stderr
        yield folder


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Hang-ups that reached this very process."""
    signals: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: signals.append(number))
    yield signals
    signal.signal(signal.SIGHUP, before)


def test_it_is_taken_once_no_earlier_worker_is_left(made: Path) -> None:
    with hsm_process(made, "--workers", "2") as process:
        earlier = workers_of(process)
        assert told_to_open_again(made / "run" / "s") == Told(process.pid, is_taken=True)
        assert not any(map(is_alive, earlier))


def test_it_is_told_only_where_the_new_workers_can_not_open_the_keys(made: Path) -> None:
    right = (made / "pass").read_bytes()
    with hsm_process(made, "--workers", "1") as process:
        try:
            (made / "pass").write_bytes(b"another passphrase\n")
            said: list[str] = []
            found = told_to_open_again(made / "run" / "s", SHORT, waiting=lambda: said.append("waiting"))
            assert found == Told(process.pid, is_taken=False)
            assert said == ["waiting"]
        finally:
            (made / "pass").write_bytes(right)


def test_where_nobody_listens_nobody_is_told(tmp_path: Path) -> None:
    assert told_to_open_again(tmp_path / "s") == Told()


def orphaned(path: Path) -> int:
    """A socket that a child still has, of a parent that listened and has gone: the kernel goes on naming the parent. The child's process id."""
    hears, tells = os.pipe()
    parent = os.fork()
    if parent == 0:
        with listening_at(path) as _:
            child = os.fork()
            if child == 0:
                signal.pause()
            os.write(tells, child.to_bytes(4))
            os._exit(0)  # as one that was killed: the socket's name stays
    os.waitpid(parent, 0)
    os.close(tells)
    child = int.from_bytes(os.read(hears, 4))
    os.close(hears)
    return child


def test_a_process_that_has_gone_leaves_its_number_to_strangers_and_none_of_them_is_signalled(
    heard: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with short_folder() as folder:
        child = orphaned(folder / "s")
        try:
            assert lock_holder(folder / "s") is None
            assert told_to_open_again(folder / "s") == Told()
            # Its number belongs to this process now.
            monkeypatch.setattr(key_process, "_listener", lambda _: os.getpid())
            assert told_to_open_again(folder / "s") == Told()
            assert heard == []
        finally:
            os.kill(child, signal.SIGKILL)


def test_sabotage_without_the_look_at_the_lock_the_stranger_is_signalled(
    heard: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with short_folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(folder / "s"))
        listening.listen()
        assert told_to_open_again(folder / "s", SHORT) == Told()
        assert heard == []
        monkeypatch.setattr(key_process, "lock_holder", lambda _: os.getpid())
        assert told_to_open_again(folder / "s", SHORT).pid == os.getpid()
        assert heard == [signal.SIGHUP]
