# SPDX-License-Identifier: Apache-2.0
"""The server of the key process: one thread, one selector, many callers on a UNIX socket. It knows frames and callers, not keys.

What goes wrong with one request is that request's answer. A connection is closed only where the next byte could no longer be
understood: a frame too long, or one that never ends.
"""

import logging
import os
import selectors
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from hsm.connection import Connection
from hsm.errors import CallerRefused, FrameTooLarge, HsmError, MalformedFrame, OperationFailed
from hsm.operations import KeyOperations
from hsm.peer import peer_uid
from hsm.protocol import Answer, decode_list, request_from_wire

MAX_CONNECTIONS = 512
HALF_FRAME_SECONDS = 5.0
_TICK = 0.5  # seconds between looks at half frames

log = logging.getLogger("hsm")


class KeyServer:
    """Serves callers of one user id until told to stop. It owns the listening socket and closes it."""

    def __init__(
        self,
        listening: socket.socket,
        operations: KeyOperations,
        *,
        monotonic: Callable[[], float],
        served_uid: int,
        half_frame_seconds: float = HALF_FRAME_SECONDS,
    ) -> None:
        self._operations = operations
        self._monotonic = monotonic
        self._served_uid = served_uid
        self._half_frame_seconds = half_frame_seconds
        self._selector = selectors.DefaultSelector()
        self._connections: set[Connection] = set()
        self._stopping = False
        self._listening = listening
        self._wake_reader, self._wake_writer = socket.socketpair()
        for waiting in (listening, self._wake_reader, self._wake_writer):
            waiting.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)

    def stop(self) -> None:
        """Make ``serve`` return; may be called from a signal handler or another thread."""
        self._stopping = True
        # The loop may have seen the flag at a tick of its own, and closed the pair already.
        with suppress(OSError):
            self._wake_writer.send(b"\0")

    def serve(self) -> None:
        """Answer until stopped."""
        next_look = 0.0
        try:
            while not self._stopping:
                for key, events in self._selector.select(_TICK if self._connections else None):
                    if key.fileobj is self._listening:
                        self._accept()
                    elif isinstance(key.data, Connection):
                        self._attend(key.data, events)
                if self._monotonic() >= next_look:
                    self._refuse_half_frames()
                    next_look = self._monotonic() + _TICK
        finally:
            self._close_all()

    def _accept(self) -> None:
        try:
            peer, _ = self._listening.accept()
        except OSError:
            return
        peer.setblocking(False)
        connection = Connection(peer)
        uid = peer_uid(peer)
        if uid != self._served_uid:
            log.warning("caller refused uid=%d", uid)
            connection.refuse(CallerRefused(uid=uid))
            peer.close()
        elif len(self._connections) >= MAX_CONNECTIONS:
            log.warning("caller refused, %d are connected", MAX_CONNECTIONS)
            connection.refuse(CallerRefused(uid=uid))
            peer.close()
        else:
            self._connections.add(connection)
            self._selector.register(peer, selectors.EVENT_READ, connection)

    def _attend(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            connection.send()
        if events & selectors.EVENT_READ and not connection.closing:
            open_still = connection.receive()
            self._answer_frames(connection)
            if not open_still and not connection.closing:
                if connection.has_half_frame:
                    connection.refuse(MalformedFrame(rule="the rest of a frame did not come"))
                connection.closing = True
        self._settle(connection)

    def _answer_frames(self, connection: Connection) -> None:
        try:
            for encoded in connection.frames(self._monotonic()):
                connection.say(self._answers(encoded))
        except FrameTooLarge as error:
            log.warning("refused %s", error.code)
            connection.refuse(error)

    def _answers(self, encoded: bytes) -> list[Answer]:
        """Answers to one frame, in order."""
        try:
            wires = decode_list(encoded)
        except MalformedFrame as error:
            log.warning("refused %s", error.code)
            return [error]
        told: Counter[str] = Counter()
        answers = [self._answer(wire, told) for wire in wires]
        log.info("answered %s", " ".join(f"{what}={times}" for what, times in told.items()))
        return answers

    def _answer(self, wire: object, told: Counter[str]) -> Answer:
        operation = "?"
        try:
            request = request_from_wire(wire)
            operation = request.operation
            answer = self._operations.answer(request)
        except HsmError as error:
            told[f"{operation}:{error.code}"] += 1
            return error
        except Exception as error:  # noqa: BLE001 - one poisoned request must not take the keys from everybody else
            # Its text may quote what it broke on, so only its kind is told.
            log.error("failed %s %s", operation, type(error).__name__)  # noqa: TRY400 - as above
            told[f"{operation}:{OperationFailed.code}"] += 1
            return OperationFailed(operation=operation)
        told[operation] += 1
        return answer

    def _settle(self, connection: Connection) -> None:
        """Close what is finished; stop listening to callers who do not take their answers."""
        if connection.closing and not connection.has_answers_waiting:
            self._close(connection)
            return
        wanted = selectors.EVENT_WRITE if connection.has_answers_waiting else selectors.EVENT_READ
        if self._selector.get_key(connection.peer).events != wanted:
            self._selector.modify(connection.peer, wanted, connection)

    def _refuse_half_frames(self) -> None:
        now = self._monotonic()
        for connection in list(self._connections):
            since = connection.waiting_since
            if since is not None and now - since > self._half_frame_seconds:
                log.warning("refused a half frame")
                connection.refuse(MalformedFrame(rule="the rest of a frame did not come"))
                self._settle(connection)

    def _close(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._selector.unregister(connection.peer)
        connection.peer.close()

    def _close_all(self) -> None:
        for connection in list(self._connections):
            self._close(connection)
        name = self._listening.getsockname()
        self._selector.close()
        for each in (self._listening, self._wake_reader, self._wake_writer):
            each.close()
        if name and os.path.exists(name):  # noqa: PTH110 - the kernel gives a string
            os.unlink(name)  # noqa: PTH108 - as above
