# SPDX-License-Identifier: Apache-2.0
"""Walks side by side: each has a service of its own, whenever the other's is down and whoever has the port."""

import socket
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from reader_tools.walk.errors import ProcessEnded
from reader_tools.walk.port import claimed, taken
from reader_tools.walk.stage import Stage


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def healthy(url: str) -> bool:
    return httpx.get(f"{url}/healthz", trust_env=False).status_code == httpx.codes.OK


def test_while_the_service_of_one_walk_is_down_another_leaves_its_port_alone(tmp_path: Path) -> None:
    port = free_port()
    # The first walk's service is not up at this moment: nothing but its claim keeps the port.
    with Stage(tmp_path / "first", port=port), Stage(tmp_path / "second", port=port) as second:
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
    with Stage(tmp_path / "walk", port=port):
        assert claimed(port) is None
    again = claimed(port)
    assert again is not None
    with closing(again):
        assert claimed(port) is None
