# SPDX-License-Identifier: Apache-2.0
"""The caller's side of the key process: synchronous, safe to share between threads, never waiting longer than its deadline."""

import os
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self

from cardservice.clock import monotonic
from hsm.errors import CallerRefused, HsmError, KeyProcessDown, MalformedFrame
from hsm.key_faces import KeyFaces
from hsm.line import ConnectionLost, Line, NotRead
from hsm.protocol import answer_from_wire, decode_list, frame, requests_to_wire
from hsm.requests import Request

DEADLINE = 1.0  # seconds for a whole question, a reconnection included
_PAUSE = 0.02  # seconds; a worker is replaced within one
_MAX_IDLE = 64


class KeyProcess(KeyFaces):
    """The keys behind a socket. Connections are opened when needed, one per question in flight, and kept for the next.

    A question that a dying worker has read is asked again if that is safe, and one that nobody read in any case, until ``deadline``
    seconds are over; then KeyProcessDown. ``server_uids`` are the users that may be at the far end: by default only our own.
    """

    def __init__(
        self, socket_path: Path, *, deadline: float = DEADLINE, server_uids: Collection[int] | None = None
    ) -> None:
        self._path = socket_path
        self._deadline = deadline
        self._server_uids = frozenset([os.geteuid()] if server_uids is None else server_uids)
        self._lock = threading.Lock()
        self._idle: list[Line] = []
        self._pid = os.getpid()
        super().__init__(self._ask_process, monotonic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    def close(self) -> None:
        """Close idle connections; the next question opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask_process(self, requests: Sequence[Request]) -> list[Any]:
        question = frame(requests_to_wire(requests))
        until = monotonic() + self._deadline
        answers = [answer_from_wire(wire) for wire in decode_list(self._answer(question, requests, until))]
        if len(answers) != len(requests):
            # The frame as a whole was refused.
            answers = answers[:1]
            if not isinstance(answers[0], HsmError):
                raise MalformedFrame(rule="one answer for each request")
        for answer in answers:
            if isinstance(answer, HsmError):
                raise answer
        return answers

    def _answer(self, question: bytes, requests: Sequence[Request], until: float) -> bytes:
        """The frame that answers. Asks again as long as that is safe and there is time."""
        is_repeatable = all(request.repeatable for request in requests)
        losses = 0
        while True:
            line = self._take_idle() or self._connect(until, is_expected_back=losses > 0)
            try:
                answer = line.ask(question, until)
            except TimeoutError:
                line.close()
                raise self._down(f"no answer within {self._deadline:g} s") from None
            except (NotRead, ConnectionLost) as lost:
                line.close()
                if isinstance(lost, ConnectionLost) and not is_repeatable:
                    raise self._down("the connection was lost; not asked again") from None
                losses += 1
                self._pause(until, "the connection was lost again and again", seconds=(losses > 1) * _PAUSE)
            except BaseException:
                line.close()  # half an answer may lie in it
                raise
            else:
                self._give_back(line)
                return answer

    def _connect(self, until: float, *, is_expected_back: bool) -> Line:
        """A new connection. Waits for one that was there a moment ago, and for one with a queue at its door; else fails at once."""
        while True:
            try:
                line = Line(self._path, monotonic)
            except OSError as error:
                rule = error.strerror or "no connection"
                if not is_expected_back and not isinstance(error, BlockingIOError):
                    raise self._down(rule) from None
                self._pause(until, rule, seconds=_PAUSE)
                continue
            if line.uid not in self._server_uids:
                line.close()
                raise CallerRefused(uid=line.uid)
            return line

    def _pause(self, until: float, rule: str, *, seconds: float) -> None:
        """Raises KeyProcessDown, by that rule, where the time is up."""
        if monotonic() + seconds >= until:
            raise self._down(rule)
        time.sleep(seconds)

    def _take_idle(self) -> Line | None:
        with self._lock:
            if self._pid != os.getpid():
                # After a fork both processes hold the same connections: answers would go to the wrong one.
                self._idle, self._pid = [], os.getpid()
            while self._idle:
                line = self._idle.pop()
                if line.is_quiet():
                    return line
                line.close()
        return None

    def _give_back(self, line: Line) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(line)
                return
        line.close()

    def _down(self, rule: str) -> KeyProcessDown:
        return KeyProcessDown(socket=str(self._path), rule=rule)
