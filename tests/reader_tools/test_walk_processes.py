# SPDX-License-Identifier: Apache-2.0
"""Walks side by side: each has a service of its own, whenever the other's is down and whoever has the port; and none leaves a process behind."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from reader_tools.cli.exit_code import ExitCode
from reader_tools.walk.errors import ProcessEnded
from reader_tools.walk.port import claimed, taken
from reader_tools.walk.stage import Stage
from tests.coverage.rules_2026 import PACKS_2026


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
        second.start_keys()
        second.open_books()
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


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_walk_that_is_told_to_end_leaves_no_process_behind(tmp_path: Path, ending: signal.Signals) -> None:
    """In the middle of the walk, and only the walk is told: its key process and its service end with it."""
    foreign = {
        "KARTU_KEYS_SOCKET": "/nowhere",
        "KARTU_ALLOWED_HOSTS": "another.example",
        "KARTU_ISSUER": "https://another.example",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "reader_tools", "demo"],
        env=os.environ | foreign | {"KARTU_DATA_DIR": str(tmp_path), "KARTU_LANGUAGE": "en"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as walk:
        assert walk.stdout is not None
        # After this line both processes run; settings of another service in the environment have not kept the service from answering.
        assert any("COVERED until" in line for line in walk.stdout)
        walk.send_signal(ending)
        walk.stdout.read()  # to its end: whoever still held the pipe would keep it open
        assert walk.wait(30) == ExitCode.INTERRUPTED
    assert not processes_of(walk.pid)


def processes_of(session: int) -> list[str]:
    """What is left of a session (proc(5), stat: the sixth field), by name."""
    fields = [stat.read_text().rpartition(")")[::2] for stat in Path("/proc").glob("[0-9]*/stat") if stat.exists()]
    return [name for name, rest in fields if int(rest.split()[3]) == session and rest.split()[0] != "Z"]
