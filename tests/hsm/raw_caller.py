# SPDX-License-Identifier: Apache-2.0
"""A caller that speaks bytes: it sends what no honest client would."""

import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cbor2


class RawCaller:
    """One connection to the socket of a key process."""

    def __init__(self, path: Path) -> None:
        self.peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.peer.settimeout(5)
        self.peer.connect(str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.peer.close()

    def send(self, content: bytes) -> None:
        self.peer.sendall(content)

    def send_frame(self, encoded: bytes) -> None:
        self.send(len(encoded).to_bytes(4) + encoded)

    def receive(self) -> Any:
        """The message of the next frame, or None at the end of the stream."""
        length = self._exactly(4)
        return None if length is None else cbor2.loads(self._exactly(int.from_bytes(length)) or b"")

    def ask(self, *requests: object) -> Any:
        self.send_frame(cbor2.dumps(list(requests)))
        return self.receive()

    def _exactly(self, length: int) -> bytes | None:
        received = b""
        while len(received) < length:
            chunk = self.peer.recv(length - len(received))
            if not chunk:
                return None
            received += chunk
        return received
