# SPDX-License-Identifier: Apache-2.0
"""One caller's connection: bytes in, whole frames out of them, answers back, all without waiting."""

import socket
from collections.abc import Iterator

from hsm.errors import FrameTooLarge, HsmError
from hsm.wire.protocol import LENGTH_SIZE, Answer, answer_to_wire, frame, frame_length

_CHUNK = 32 * 1024  # most of a buffer is given back each time; from 64 KiB on, glibc tidies up its whole heap then


class Connection:
    """Buffers of one caller, whom the kernel knows by ``uid``; he came or last asked at ``heard``.

    ``waiting_since`` is when the half frame here began, ``deaf_since`` when answers were first seen lying here, or None.
    """

    def __init__(self, peer: socket.socket, uid: int, now: float = 0.0) -> None:
        self.peer = peer
        self.uid = uid
        self.heard = now
        self.waiting_since: float | None = None
        self.deaf_since: float | None = None
        self.awaited = 0  # what the selector waits for here
        self.closing = False  # nothing more is read; closed once the last answer is out
        self._inbox = bytearray()
        self._outbox = bytearray()

    def fileno(self) -> int:
        """For the selector."""
        return self.peer.fileno()

    @property
    def has_answers_waiting(self) -> bool:
        """Whether the caller has not yet taken what was said."""
        return bool(self._outbox)

    def receive(self) -> bool:
        """Take what has come; false at the end of the stream."""
        try:
            chunk = self.peer.recv(_CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._inbox += chunk
        return bool(chunk)

    def frames(self, now: float) -> Iterator[bytes]:
        """Each whole frame that lies here. Raises FrameTooLarge, after which nothing can be understood any more."""
        while len(self._inbox) >= LENGTH_SIZE:
            end = LENGTH_SIZE + frame_length(bytes(self._inbox[:LENGTH_SIZE]))
            if len(self._inbox) < end:
                break
            encoded = bytes(self._inbox[LENGTH_SIZE:end])
            del self._inbox[:end]
            self.heard = now
            yield encoded
        if not self._inbox:
            self.waiting_since = None
        elif self.waiting_since is None:
            self.waiting_since = now

    @property
    def is_at_rest(self) -> bool:
        """Nothing is under way, either way: who is hung up on now loses nothing, and may come back."""
        return not (self._inbox or self._outbox or self.closing)

    @property
    def has_half_frame(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._inbox)

    def say(self, answers: list[Answer]) -> None:
        """Queue the answers to one frame and send what goes now."""
        try:
            encoded = frame([answer_to_wire(answer) for answer in answers])
        except FrameTooLarge as error:
            encoded = frame([answer_to_wire(error) for _ in answers])
        self._outbox += encoded if self._outbox else self._sent(encoded)

    def refuse(self, error: HsmError) -> None:
        """Say why, then hang up."""
        self.closing = True
        self._inbox.clear()
        self.waiting_since = None
        self.say([error])

    def send(self) -> None:
        """Send what goes without waiting."""
        self._outbox = bytearray(self._sent(self._outbox))

    def _sent(self, octets: bytes | bytearray) -> bytes | bytearray:
        """What is left of these after as many went as go without waiting."""
        try:
            while octets:
                octets = octets[self.peer.send(octets) :]
        except BlockingIOError:
            return octets
        except OSError:
            self.closing = True
            return b""
        return octets
