# SPDX-License-Identifier: Apache-2.0
"""A card that behaves as a test says, connected to a vpcd slot: for cards that no card should be.

vpcd frames: length (2 bytes, big-endian), payload; one-byte payloads are 00 power off, 01 power on, 02 reset (no answer), 04 ATR request.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

ATR = bytes.fromhex("3B9B968131FE4580F9A00000030800001000C4")
POWER_OFF, POWER_ON, RESET, ASK_ATR = 0, 1, 2, 4


class Vanish(Exception):
    """Raised by a behaviour: the card leaves the reader without an answer."""


class RawCard:
    """Answers each command with ``behaviour(command)``. Counts what it was sent."""

    def __init__(
        self, port: int, behaviour: Callable[[bytes], bytes], *, atr: bytes | Callable[[], bytes] = ATR
    ) -> None:
        self.commands: list[bytes] = []
        self.power: list[int] = []
        self._behaviour = behaviour
        self._atr = atr
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        self._thread.join(5)

    def leave(self) -> None:
        """Leave the reader."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _run(self) -> None:
        try:
            while True:
                payload = self._read(int.from_bytes(self._read(2), "big"))
                answer = self._answer(payload)
                if answer is not None:
                    self._socket.sendall(len(answer).to_bytes(2, "big") + answer)
        except (OSError, EOFError):
            return
        except Vanish:
            self.leave()

    def _answer(self, payload: bytes) -> bytes | None:
        if len(payload) == 1:
            self.power.append(payload[0])
            if payload[0] != ASK_ATR:
                return None
            return self._atr if isinstance(self._atr, bytes) else self._atr()
        self.commands.append(payload)
        return self._behaviour(payload)

    def _read(self, length: int) -> bytes:
        got = b""
        while len(got) < length:
            part = self._socket.recv(length - len(got))
            # Linux delays acknowledgements again after each read; without this an APDU takes 49 ms.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            if not part:
                raise EOFError
            got += part
        return got
