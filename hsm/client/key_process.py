# SPDX-License-Identifier: Apache-2.0
"""The caller's side of the key process: safe to share between threads, never waiting longer than its deadline.

Short questions that may be asked twice share their trips with those of other threads (``shared_trips.py``). A long one, one about card keys
(a token thinks about it for milliseconds), and one that must not be asked twice has a connection of its own for as long as it takes: none
of these keeps anybody waiting, or shares anybody's fate. Tasks of an event loop sign by ``awaited_signer``, whose trips are those of the loop
(``awaited_trips.py``).
"""

import os
import threading
import time
import weakref
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self

from cardservice.clock import monotonic
from hsm.client.awaited_trips import AwaitedTrips
from hsm.client.granted_portion import GrantedPortion, granted_portions
from hsm.client.key_faces import KeyFaces
from hsm.client.line import ConnectionLost, Line, NotRead
from hsm.client.shared_trips import SharedTrips
from hsm.errors import CallerRefused, HsmError, KeyProcessDown, MalformedFrame
from hsm.limits.grant_file import read_grants
from hsm.wire.channel_requests import OpenSecureChannels, WrapKeySet
from hsm.wire.protocol import (
    answer_from_wire,
    decode_list,
    encoded_request,
    frame_of,
    is_refused_whole,
    requests_to_wire,
)
from hsm.wire.requests import Request

DEADLINE = 1.0  # seconds for a whole question, a reconnection included
_PAUSE = 0.02  # seconds; a worker is replaced within one
_MAX_IDLE = 64
_SHORT_WEIGHT = 16  # answers that a question may ask for and still share its trip
_SHORT_OCTETS = 16 * 1024
_SLOW_KINDS: frozenset[type[Request]] = frozenset([OpenSecureChannels, WrapKeySet])


class KeyProcess(KeyFaces):
    """The keys behind a socket. Connections are opened when needed, one per trip under way, and kept for the next.

    A question that a dying worker has read is asked again if that is safe, and one that nobody read in any case, until ``deadline``
    seconds are over; then KeyProcessDown. ``server_uids`` are the users that may be at the far end: by default only our own.
    """

    def __init__(
        self, socket_path: Path, *, deadline: float = DEADLINE, server_uids: Collection[int] | None = None
    ) -> None:
        self._path = socket_path
        self._deadline = deadline
        self._server_uids = frozenset([os.geteuid()] if server_uids is None else server_uids)
        self._begin()
        _clients.add(self)
        super().__init__(self._ask_process, monotonic)

    def _begin(self) -> None:
        """No connection, nobody under way: at first, and in a forked process, whose copies of both belong to its parent."""
        self._lock = threading.Lock()
        self._idle: list[Line] = []
        self._shared = SharedTrips(self._travel, is_refused_whole, monotonic=monotonic)
        self._awaited: AwaitedTrips | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    def granted_portions(self, grant: Path, contexts: Sequence[str]) -> list[GrantedPortion]:
        """A list that officers have granted, in portions. Raises GrantRefused, StateUnusable, or what opening one raises."""
        return list(granted_portions(self.sealer, read_grants(grant), contexts))

    def close(self) -> None:
        """Close idle connections; the next question opens a new one."""
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.close()
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask_process(self, requests: Sequence[Request]) -> list[Any]:
        encoded = [encoded_request(request) for request in requests]
        until = monotonic() + self._deadline
        if _may_share(requests, encoded):
            try:
                wires = self._shared.ask(encoded, until)
            except TimeoutError:
                raise self._too_late() from None
        else:
            wires = decode_list(self._answer(frame_of(encoded), until, repeatable=_are_repeatable(requests)))
        return _answers(wires, len(requests))

    async def _ask_soon(self, requests: Sequence[Request]) -> list[Any]:
        """For tasks of one event loop: that which asks first, until ``close``, which then is called in it."""
        if self._awaited is None or self._awaited.loop.is_closed():
            self._awaited = AwaitedTrips(self._path, self._server_uids, self._deadline)
        wires = await self._awaited.ask(requests_to_wire(requests))
        return _answers(wires, len(requests))

    def _travel(self, requests: Sequence[bytes], until: float) -> list[object]:
        return decode_list(self._answer(frame_of(requests), until, repeatable=True))

    def _answer(self, question: bytes, until: float, *, repeatable: bool) -> bytes:
        """The frame that answers. Asks again as long as that is safe and there is time."""
        losses = 0
        while True:
            line = self._take_idle() or self._connect(until, is_expected_back=losses > 0)
            try:
                answer = line.ask(question, until)
            except TimeoutError:
                line.close()
                raise self._too_late() from None
            except (NotRead, ConnectionLost) as lost:
                line.close()
                if isinstance(lost, ConnectionLost) and not repeatable:
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

    def _too_late(self) -> KeyProcessDown:
        return self._down(f"no answer within {self._deadline:g} s")

    def _down(self, rule: str) -> KeyProcessDown:
        return KeyProcessDown(socket=str(self._path), rule=rule)


def _answers(wires: Sequence[object], count: int) -> list[Any]:
    """What was answered to so many requests. Raises the first refusal among them, or MalformedFrame."""
    answers = [answer_from_wire(wire) for wire in wires]
    for answer in answers:
        if isinstance(answer, HsmError):
            raise answer
    if len(answers) != count:
        raise MalformedFrame(rule="one answer for each request")
    return answers


def _are_repeatable(requests: Sequence[Request]) -> bool:
    return all(request.repeatable for request in requests)


def _may_share(requests: Sequence[Request], encoded: Sequence[bytes]) -> bool:
    """Short, and safe to ask twice: then what becomes of one frame's connection is the same to all who are in it."""
    weight = octets = 0
    for request, each in zip(requests, encoded, strict=True):
        weight += request.weight
        octets += len(each)
        if not request.repeatable or type(request) in _SLOW_KINDS or weight > _SHORT_WEIGHT or octets > _SHORT_OCTETS:
            return False
    return True


_clients: "weakref.WeakSet[KeyProcess]" = weakref.WeakSet()


def _begin_in_child() -> None:
    """After a fork both processes hold the same connections, where answers would go to the wrong one; and locks whose holders are not here."""
    for client in list(_clients):
        idle = client._idle  # noqa: SLF001 - of this module
        client._begin()  # noqa: SLF001 - as above
        for line in idle:
            line.close()


os.register_at_fork(after_in_child=_begin_in_child)
