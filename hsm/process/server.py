# SPDX-License-Identifier: Apache-2.0
"""The server of one worker: one thread, one selector, many callers on a UNIX socket. It knows frames and callers, not keys.

What goes wrong with one request is that request's answer. A connection is closed only where the next byte could no longer be
understood, a frame too long or one that never ends; where answers are not taken; and where there are too many: then whoever has been
quiet longest makes room for the new caller, among those of the user who holds most. Clients come back without noticing (line.py).
All of it is counted (tally.py) and nothing has a log line of its own: no caller fills the disk by being refused.

Workers share the listening socket. All wake for a new caller; whoever has fewest takes it, and the others let it be for a moment
(``PATIENCE``): should nobody have come by then, the right one is busy, and any will do.
"""

import errno
import logging
import os
import selectors
import socket
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress

from hsm.errors import CallerRefused, FrameTooLarge, MalformedFrame
from hsm.machine.peer import peer_uid
from hsm.operations.key_operations import KeyOperations
from hsm.process.answering import Answering
from hsm.process.connection import Connection
from hsm.process.tally import Tally
from hsm.process.worker_seats import Seat

MAX_CONNECTIONS = 512
HALF_FRAME_SECONDS = 5.0  # for the rest of a frame, and for taking answers
PATIENCE = 0.02  # seconds in which a colleague may take a caller
SHORTAGE_SECONDS = 0.5  # without a look at new callers, where the system has no descriptor or memory for one
FAREWELL_SECONDS = 2.0  # in which callers may take their last answers
_TICK = 0.5  # seconds between looks at half frames
_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = logging.getLogger("hsm")


class KeyServer:
    """Serves callers of some user ids until told to stop. The listening socket is its opener's to close."""

    def __init__(
        self,
        listening: socket.socket,
        operations: KeyOperations,
        *,
        monotonic: Callable[[], float],
        served_uids: Collection[int],
        half_frame_seconds: float = HALF_FRAME_SECONDS,
        seat: Seat | None = None,
        tell_alive: Callable[[], None] = lambda: None,
    ) -> None:
        """``tell_alive`` is called twice a second, also between the requests of a frame: many channels of a slow token take longer than a hang may."""
        self._monotonic = monotonic
        self._served_uids = frozenset(served_uids)
        self._half_frame_seconds = half_frame_seconds
        self._seat = seat or Seat.alone()
        self._tell_alive = tell_alive
        self._next_alarm = 0.0
        self._selector = selectors.DefaultSelector()
        self._connections: set[Connection] = set()
        self._tally = Tally()
        self._answering = Answering(operations, monotonic=monotonic, show_life=self._show_life, tally=self._tally)
        self._stopping = False
        self._listening = listening
        self._listen_again: float | None = None  # when to look at callers that were left to colleagues
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
        """Answer until stopped. What was taken is answered; a question that nobody has read yet is told so by a broken connection."""
        next_look = 0.0
        self._seat.tell_ready()
        try:
            while not self._stopping:
                for key, events in self._selector.select(self._until_next_look()):
                    if key.fileobj is self._listening:
                        self._consider_caller()
                    elif key.data in self._connections:  # it may have made room a moment ago
                        self._attend(key.data, events)
                now = self._show_life()
                if self._listen_again is not None and now >= self._listen_again:
                    self._listen_again = None
                    self._selector.register(self._listening, selectors.EVENT_READ)
                    self._accept()
                if now >= next_look:
                    self._tally.tell(now)
                    self._refuse_half_frames()
                    self._leave_the_deaf()
                    next_look = now + _TICK
            self._seat.leave()
            self._tally.tell(self._monotonic(), at_once=True)
            log.info("worker ends pid=%d callers=%d", os.getpid(), len(self._connections))
            self._say_farewell()
        finally:
            self._close_all()

    def _show_life(self) -> float:
        """The time, told to whoever ends what hangs."""
        now = self._monotonic()
        self._seat.tell_alive(now)
        if now >= self._next_alarm:
            self._tell_alive()
            self._next_alarm = now + _TICK
        return now

    def _until_next_look(self) -> float:
        if self._listen_again is None:
            return _TICK
        return max(0.0, min(_TICK, self._listen_again - self._monotonic()))

    def _consider_caller(self) -> None:
        if self._seat.is_least_busy:
            self._accept()
        else:
            self._leave_callers_for(PATIENCE)

    def _leave_callers_for(self, seconds: float) -> None:
        self._selector.unregister(self._listening)
        self._listen_again = self._monotonic() + seconds

    def _accept(self) -> None:
        try:
            peer, _ = self._listening.accept()
        except OSError as error:
            if error.errno in _SHORTAGES:
                # The caller stays in the queue, and looking again at once would find the same: those who are connected are served meanwhile.
                log.error("no more callers for %g s: %s", SHORTAGE_SECONDS, error.strerror)  # noqa: TRY400 - nobody's fault to trace
                self._leave_callers_for(SHORTAGE_SECONDS)
            return  # or a colleague was quicker
        peer.setblocking(False)
        uid = peer_uid(peer)
        connection = Connection(peer, uid, self._monotonic())
        if uid not in self._served_uids:
            self._tally.count(uid, "connection:refused")
            connection.refuse(CallerRefused(uid=uid))
            peer.close()
        elif not self._has_room_for(uid):
            self._tally.count(uid, "connection:no-room")
            connection.refuse(CallerRefused(uid=uid))
            peer.close()
        else:
            self._connections.add(connection)
            self._seat.tell_callers(len(self._connections))
            self._selector.register(peer, selectors.EVENT_READ, connection)
            connection.awaited = selectors.EVENT_READ

    def _has_room_for(self, uid: int) -> bool:
        """Whether one more may stay, if need be in the place of another. Who holds most gives up even what is under way, but not to himself."""
        if len(self._connections) < MAX_CONNECTIONS:
            return True
        ((most, _),) = Counter(each.uid for each in self._connections).most_common(1)
        held = [each for each in self._connections if each.uid == most and (each.is_at_rest or most != uid)]
        if held:
            self._tally.count(most, "connection:made-room")
            self._close(min(held, key=lambda each: (not each.is_at_rest, each.heard)))
        return bool(held)

    def _attend(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            connection.send()
        if events & selectors.EVENT_READ and not connection.closing:
            open_still = connection.receive()
            self._answer_frames(connection)
            if not open_still and not connection.closing:
                if connection.has_half_frame:
                    self._tally.count(connection.uid, "connection:half-frame")
                    connection.refuse(MalformedFrame(rule="the rest of a frame did not come"))
                connection.closing = True
        self._settle(connection)

    def _answer_frames(self, connection: Connection) -> None:
        try:
            for encoded in connection.frames(self._monotonic()):
                connection.say(self._answering.answers(encoded, connection.uid))
        except FrameTooLarge as error:
            self._tally.count(connection.uid, f"?:{error.code}")
            connection.refuse(error)

    def _settle(self, connection: Connection) -> None:
        """Close what is finished; stop listening to callers who do not take their answers."""
        if connection.closing and not connection.has_answers_waiting:
            self._close(connection)
            return
        wanted = selectors.EVENT_WRITE if connection.has_answers_waiting else selectors.EVENT_READ
        if connection.awaited != wanted:
            self._selector.modify(connection.peer, wanted, connection)
            connection.awaited = wanted

    def _refuse_half_frames(self) -> None:
        now = self._monotonic()
        for connection in list(self._connections):
            since = connection.waiting_since
            if since is not None and now - since > self._half_frame_seconds:
                self._tally.count(connection.uid, "connection:half-frame")
                connection.refuse(MalformedFrame(rule="the rest of a frame did not come"))
                self._settle(connection)

    def _leave_the_deaf(self) -> None:
        """Who takes no answers asks nothing more: the place is wanted by others."""
        now = self._monotonic()
        for connection in list(self._connections):
            if not connection.has_answers_waiting:
                connection.deaf_since = None
            elif connection.deaf_since is None:
                connection.deaf_since = now
            elif now - connection.deaf_since > self._half_frame_seconds:
                self._tally.count(connection.uid, "connection:takes-no-answers")
                self._close(connection)

    def _close(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._stopping:
            self._seat.tell_callers(len(self._connections))
        self._selector.unregister(connection.peer)
        connection.peer.close()

    def _say_farewell(self) -> None:
        """Let callers take the answers that are waiting for them."""
        until = self._monotonic() + FAREWELL_SECONDS
        waiting = {connection for connection in self._connections if connection.has_answers_waiting}
        while waiting and self._monotonic() < until:
            for key, events in self._selector.select(PATIENCE):
                if events & selectors.EVENT_WRITE and isinstance(key.data, Connection):
                    key.data.send()
            waiting = {connection for connection in waiting if connection.has_answers_waiting}

    def _close_all(self) -> None:
        for connection in list(self._connections):
            self._close(connection)
        self._selector.close()
        for each in (self._wake_reader, self._wake_writer):
            each.close()
