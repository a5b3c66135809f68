# SPDX-License-Identifier: Apache-2.0
"""One connection of a caller: a question goes out, its answer comes back, and no wait outlasts the deadline.

Whoever reads what the kernel says of a broken UNIX socket knows more than "lost": if the far end closed with bytes of ours unread, the
kernel says ECONNRESET, or EPIPE to who still writes (unix(7)). Frames are carried out whole, so nothing of that question was done.
An end of file says that all was read; what became of it nobody knows.
"""

import select
import socket
from collections.abc import Callable
from pathlib import Path

from hsm.machine.peer import peer_uid
from hsm.wire.protocol import LENGTH_SIZE, frame_length

_CHUNK = 32 * 1024  # most of a buffer is given back each time; from 64 KiB on, glibc tidies up its whole heap then


class NotRead(Exception):
    """The far end closed before it had read the whole question; never leaves the client."""


class ConnectionLost(Exception):
    """The connection ended with the question read and unanswered; never leaves the client."""


class Line:
    """A connected socket. ``monotonic`` is the clock of the deadlines."""

    def __init__(self, path: Path, monotonic: Callable[[], float]) -> None:
        """Connect, or raise OSError at once: a UNIX socket is there or it is not."""
        self._monotonic = monotonic
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(str(path))
            self.uid = peer_uid(self._socket)
        except OSError:
            self._socket.close()
            raise
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def is_quiet(self) -> bool:
        """Nothing has come that nobody asked for: neither an end nor a late answer."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def ask(self, question: bytes, until: float) -> bytes:
        """The answer's frame, without its length. Raises NotRead, ConnectionLost, TimeoutError or FrameTooLarge; then close it."""
        self._send(question, until)
        received = self._receive(until)
        while len(received) < LENGTH_SIZE:
            received += self._receive(until)
        end = LENGTH_SIZE + frame_length(received[:LENGTH_SIZE])
        if len(received) < end:
            whole = bytearray(received)
            while len(whole) < end:
                whole += self._receive(until)
            received = bytes(whole)
        if len(received) > end:
            raise ConnectionLost  # more than was asked for: what comes next could be anything
        return received[LENGTH_SIZE:]

    def _send(self, question: bytes, until: float) -> None:
        rest = memoryview(question)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._await(select.POLLOUT, until)
            except OSError:
                if self._was_told_something():
                    return  # why it hung up
                raise NotRead from None

    def _was_told_something(self) -> bool:
        try:
            return bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _receive(self, until: float) -> bytes:
        self._await(select.POLLIN, until)
        try:
            chunk = self._socket.recv(_CHUNK)
        except ConnectionResetError:
            raise NotRead from None
        except OSError:
            raise ConnectionLost from None
        if not chunk:
            raise ConnectionLost
        return chunk

    def _await(self, event: int, until: float) -> None:
        waiting = self._readable
        if event != select.POLLIN:
            waiting = select.poll()
            waiting.register(self._socket, event)
        # Rounded up: a deadline of half a millisecond is not one of none.
        if not waiting.poll(max(0, int((until - self._monotonic()) * 1000) + 1)):
            raise TimeoutError
        if self._monotonic() > until:
            raise TimeoutError
