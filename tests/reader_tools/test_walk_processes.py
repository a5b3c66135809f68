# SPDX-License-Identifier: Apache-2.0
"""Walks side by side: each has a service of its own, whenever the other's is down and whoever has the port; and none leaves a process behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from reader_tools.cli.exit_code import ExitCode
from reader_tools.walk.errors import ProcessEnded
from reader_tools.walk.port import claimed, taken
from reader_tools.walk.stage import Stage
from tests.coverage.rules_2026 import PACKS_2026
from tests.reader_tools.command_line import ROOT


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def healthy(url: str) -> bool:
    return httpx.get(f"{url}/healthz", trust_env=False).status_code == httpx.codes.OK


def test_while_the_service_of_one_walk_is_down_another_leaves_its_port_alone(tmp_path: Path) -> None:
    port = free_port()
    # The first walk's service is not up at this moment: nothing but its claim keeps the port.
    with (
        Stage(tmp_path / "first", port=port, packs=PACKS_2026),
        Stage(tmp_path / "second", port=port, packs=PACKS_2026) as second,
    ):
        assert not taken(port)
        second.open_books()  # a service needs its books to start, and asks for keys only when it is asked
        second.start_service()
        address = second.url
        assert not address.endswith(f":{port}")
        assert healthy(address)
        second.stop_service()
        with pytest.raises(httpx.ConnectError):
            healthy(address)
        # It comes back where it was; if somebody took the place meanwhile, elsewhere.
        second.start_service()
        assert second.url == address
        second.stop_service()
        with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
            second.start_service()
            assert second.url != address
            assert healthy(second.url)
        # A service that dies is no good end of ./run.
        assert second.service is not None
        second.service.kill()
        with pytest.raises(ProcessEnded):
            second.wait()


def test_a_claim_ends_with_its_walk(tmp_path: Path) -> None:
    port = free_port()
    with Stage(tmp_path / "walk", port=port, packs=PACKS_2026):
        assert claimed(port) is None
    again = claimed(port)
    assert again is not None
    with closing(again):
        assert claimed(port) is None


FOREIGN = {
    "KARTU_KEYS_SOCKET": "/nowhere",
    "KARTU_ALLOWED_HOSTS": "another.example",
    "KARTU_ISSUER": "https://another.example",
}


@contextmanager
def walking(folder: Path, *, until: str) -> Iterator["subprocess.Popen[str]"]:
    """A walk in a session of its own, gone as far as a line with these words; settings of another service lie about."""
    with subprocess.Popen(
        [sys.executable, "-m", "reader_tools", "demo"],
        env=os.environ | FOREIGN | {"KARTU_DATA_DIR": str(folder), "KARTU_LANGUAGE": "en"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as walk:
        assert walk.stdout is not None
        assert any(until in line for line in walk.stdout)
        yield walk
        walk.stdout.read()  # to its end: whoever still held the pipe would keep it open


# Both processes run at either line; at the first they have also answered, in spite of the settings about.
@pytest.mark.parametrize(("ending", "until"), [(signal.SIGTERM, "COVERED until"), (signal.SIGHUP, "service at")])
def test_a_walk_that_is_told_to_end_leaves_no_process_behind(
    tmp_path: Path, ending: signal.Signals, until: str
) -> None:
    """In the middle of the walk, and only the walk is told: its key process and its service end with it."""
    with walking(tmp_path, until=until) as walk:
        walk.send_signal(ending)
    assert walk.returncode == ExitCode.INTERRUPTED
    assert not processes_of(walk.pid)


STAGE = """
import signal, sys
from pathlib import Path
from reader_tools.walk.port import ANY_FREE
from reader_tools.walk.stage import Stage
from tests.coverage.rules_2026 import PACKS_2026

with Stage(Path(sys.argv[1]), port=ANY_FREE, packs=PACKS_2026) as stage:
    stage.start_keys()
    print("keys", flush=True)
    signal.pause()
"""


def killed_on_stage(folder: Path) -> int:
    """A walk that has its key process and is killed; its session."""
    with subprocess.Popen(
        [sys.executable, "-c", STAGE, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as walk:
        assert walk.stdout is not None
        assert walk.stdout.readline() == "keys\n"
        assert len(processes_of(walk.pid)) > 2  # itself, the key process, its workers
        walk.kill()
    return walk.pid


def test_a_walk_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    """kill -9 asks nobody: the kernel tells the processes of the walk."""
    session = killed_on_stage(tmp_path / "walk")
    deadline = time.monotonic() + 30
    while left := processes_of(session):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_without_the_kernels_word_they_would_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage control: what is started as ever outlives whoever is killed."""
    monkeypatch.setenv("PATH", "/nonexistent")
    left = processes_of(killed_on_stage(tmp_path / "walk"))
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left


def processes_of(session: int) -> list[int]:
    """What is left of a session (proc(5), stat: the sixth field), the dead who wait for their parents not counted."""
    left = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if int(fields[3]) == session and fields[0] != "Z":
            left.append(int(stat.parent.name))
    return left
