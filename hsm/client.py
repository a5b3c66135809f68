# SPDX-License-Identifier: Apache-2.0
"""The caller's side of the key process: synchronous, safe to share between threads, never waiting longer than its deadline."""

import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from cardservice.clock import monotonic
from hsm.errors import CallerRefused, HsmError, KeyProcessDown, MalformedFrame
from hsm.key_faces import KeyFaces
from hsm.peer import peer_uid
from hsm.protocol import LENGTH_SIZE, answer_from_wire, decode_list, frame, frame_length, requests_to_wire
from hsm.requests import Request

DEADLINE = 1.0  # seconds for a whole question, a reconnection included
_RECONNECT_PAUSE = 0.02  # seconds; a supervised key process is back within one
_MAX_IDLE = 16


class KeyProcess(KeyFaces):
    """The keys behind a socket. Connections are opened when needed, one per question in flight, and kept for the next.

    A question whose connection is lost is asked once more if that is safe. After ``deadline`` seconds it raises KeyProcessDown.
    """

    def __init__(self, socket_path: Path, *, deadline: float = DEADLINE) -> None:
        self._path = socket_path
        self._deadline = deadline
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._pid = os.getpid()
        super().__init__(self._ask_process, monotonic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    def close(self) -> None:
        """Close idle connections; the next question opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask_process(self, requests: Sequence[Request]) -> list[Any]:
        question = frame(requests_to_wire(requests))
        until = monotonic() + self._deadline
        try:
            answers = self._exchange(question, until)
        except _ConnectionLost:
            self.close()  # what was idle is as dead
            if not all(request.repeatable for request in requests):
                raise self._down("the connection was lost; not asked again") from None
            answers = self._exchange_again(question, until)
        if len(answers) != len(requests):
            # The frame as a whole was refused.
            answers = answers[:1]
            if not isinstance(answers[0], HsmError):
                raise MalformedFrame(rule="one answer for each request")
        for answer in answers:
            if isinstance(answer, HsmError):
                raise answer
        return answers

    def _exchange_again(self, question: bytes, until: float) -> list[Any]:
        while True:
            try:
                return self._exchange(question, until)
            except _ConnectionLost:
                raise self._down("the connection was lost twice") from None
            except KeyProcessDown:
                if monotonic() + _RECONNECT_PAUSE >= until:
                    raise
                time.sleep(_RECONNECT_PAUSE)

    def _exchange(self, question: bytes, until: float) -> list[Any]:
        connection = self._take_idle() or self._connect(until)
        try:
            _set_remaining(connection, until)
            connection.sendall(question)
            length = frame_length(_receive(connection, LENGTH_SIZE, until))
            answers = [answer_from_wire(wire) for wire in decode_list(_receive(connection, length, until))]
        except TimeoutError:
            connection.close()
            raise self._down(f"no answer within {self._deadline:g} s") from None
        except OSError:
            connection.close()
            raise _ConnectionLost from None
        except BaseException:
            connection.close()  # half an answer may lie in it
            raise
        self._give_back(connection)
        return answers

    def _take_idle(self) -> socket.socket | None:
        with self._lock:
            if self._pid != os.getpid():
                # After a fork both processes hold the same connections: answers would go to the wrong one.
                self._idle, self._pid = [], os.getpid()
            while self._idle:
                connection = self._idle.pop()
                if _is_alive(connection):
                    return connection
                connection.close()
        return None

    def _give_back(self, connection: socket.socket) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self, until: float) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _set_remaining(connection, until)
            connection.connect(str(self._path))
            uid = peer_uid(connection)
        except OSError as error:
            connection.close()
            raise self._down(error.strerror or "no connection in time") from None
        if uid != os.geteuid():
            connection.close()
            raise CallerRefused(uid=uid)
        return connection

    def _down(self, rule: str) -> KeyProcessDown:
        return KeyProcessDown(socket=str(self._path), rule=rule)


class _ConnectionLost(Exception):
    """The connection broke with a question on its way; never leaves this file."""


def _set_remaining(connection: socket.socket, until: float) -> None:
    remaining = until - monotonic()
    if remaining <= 0:
        raise TimeoutError
    connection.settimeout(remaining)


def _receive(connection: socket.socket, length: int, until: float) -> bytes:
    received = bytearray()
    while len(received) < length:
        _set_remaining(connection, until)
        chunk = connection.recv(length - len(received))
        if not chunk:
            raise ConnectionResetError
        received += chunk
    return bytes(received)


def _is_alive(connection: socket.socket) -> bool:
    """An idle connection on which nothing has come: neither an end nor a late answer."""
    try:
        connection.setblocking(False)
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
