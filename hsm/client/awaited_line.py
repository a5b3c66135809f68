# SPDX-License-Identifier: Apache-2.0
"""One connection of an event loop: a question goes out, its answer comes back to whoever was named when it went.

The counterpart of ``line.py`` for tasks. It waits for nothing itself, and knows no deadline.
"""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

from hsm.errors import FrameTooLarge
from hsm.machine.peer import peer_uid
from hsm.wire.protocol import LENGTH_SIZE, frame_length


class AwaitedLine(asyncio.Protocol):
    """Knows frames, not what is in them. ``came_back`` gets each answer without its length, ``ended`` the end, whoever made it."""

    def __init__(
        self, came_back: "Callable[[AwaitedLine, bytes], None]", ended: "Callable[[AwaitedLine], None]"
    ) -> None:
        self._came_back = came_back
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._inbox = b""
        self.is_out = False  # a question is under way
        self.has_ended = False

    def ask(self, question: bytes) -> None:
        """Send a frame. One at a time."""
        assert self._transport is not None, "a line is used once it is connected"
        self.is_out = True
        self._transport.write(question)

    def hang_up(self) -> None:
        """End at once; what is under way is nobody's any more."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of the loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        """Of the loop. What nobody asked for, or more than was asked, ends the line: what comes next could be anything."""
        received = self._inbox + data if self._inbox else data
        try:
            end = LENGTH_SIZE + frame_length(received[:LENGTH_SIZE]) if len(received) >= LENGTH_SIZE else LENGTH_SIZE
        except FrameTooLarge:
            self.hang_up()
            return
        if not self.is_out or len(received) > end:
            self.hang_up()
        elif len(received) < end or end == LENGTH_SIZE:
            self._inbox = received
        else:
            self._inbox = b""
            self.is_out = False
            self._came_back(self, received[LENGTH_SIZE:])

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - all ends are one to whoever may ask again
        """Of the loop."""
        self.has_ended = True
        self._ended(self)


def connected_socket(path: Path) -> tuple[socket.socket, int]:
    """A connected socket and the user at its far end. Raises OSError at once: a UNIX socket is there or it is not.

    Not by the loop's own connect: it takes a full queue at the door (EAGAIN) for one that opens by itself (bind(2) and unix(7) say it does not).
    """
    here = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        here.setblocking(False)
        here.connect(str(path))
        return here, peer_uid(here)
    except OSError:
        here.close()
        raise
