# SPDX-License-Identifier: Apache-2.0
"""Trips that the tasks of one event loop share: what is asked in the same turn of the loop goes in one frame, and so does what is asked meanwhile.

The counterpart of ``shared_trips.py`` for tasks, by the same rules (docs/decisions/0114): no timer, one trip at a time, another line once a
trip has been out for ``SLOW`` seconds, up to four; what a lost line had read is asked again; a frame that is refused as a whole is asked one by
one. Only questions that may be asked twice may travel here.

All of it runs in the loop's thread and between awaits, so nothing is locked, and no question can be left behind by a wake-up that was missed.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

from hsm.client.awaited_line import AwaitedLine, connected_socket
from hsm.client.shared_trips import MAX_LINES, MAX_OCTETS, MAX_REQUESTS, SLOW
from hsm.errors import CallerRefused, HsmError, KeyProcessDown, MalformedFrame
from hsm.wire.protocol import decode_list, frame, is_refused_whole, longest

PAUSE: Final = 0.02  # seconds; a worker is replaced within one


class _Question:
    """What one task asked, as it goes over the wire, and when its time is up."""

    __slots__ = ("answers", "goes_alone", "losses", "octets", "requests", "until")

    def __init__(
        self, requests: Sequence[Sequence[object]], until: float, answers: "asyncio.Future[list[object]]"
    ) -> None:
        self.requests = requests
        self.octets = sum(map(longest, requests))
        self.until = until
        self.answers = answers
        self.losses = 0  # lines that ended under it
        self.goes_alone = False  # a frame it was part of was refused as a whole


class _Trip:
    """Who travels on a line, since when."""

    __slots__ = ("began", "party")

    def __init__(self, party: Sequence[_Question], began: float) -> None:
        self.party = party
        self.began = began


class AwaitedTrips:
    """Trips over at most MAX_LINES lines. Made in a running loop, and used and closed in it."""

    def __init__(self, path: Path, server_uids: Collection[int], deadline: float) -> None:
        self._path = path
        self._server_uids = server_uids
        self._deadline = deadline
        self.loop = asyncio.get_running_loop()
        self._waiting: deque[_Question] = deque()
        self._out: dict[AwaitedLine, _Trip] = {}
        self._idle: list[AwaitedLine] = []
        self._connecting: asyncio.Task[None] | None = None
        self._departure: asyncio.Handle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._trouble = ""  # what last kept a line from being there

    def ask(self, requests: Sequence[Sequence[object]]) -> "asyncio.Future[list[object]]":
        """What will have come back for these, in order. Its errors: KeyProcessDown, CallerRefused, MalformedFrame."""
        now = self.loop.time()
        question = _Question(requests, now + self._deadline, self.loop.create_future())
        self._waiting.append(question)
        if self._departure is None:
            # In the next turn: whoever is awake in this one comes along.
            self._departure = self.loop.call_soon(self._depart)
        if self._watch is None:
            self._watch = self.loop.call_at(min(question.until, now + SLOW), self._look)
        return question.answers

    def close(self) -> None:
        """End all lines; whoever waits is told KeyProcessDown. With a loop that has ended, all of it has."""
        if self.loop.is_closed():
            return
        for handle in (self._departure, self._watch, self._connecting):
            if handle is not None:
                handle.cancel()
        self._departure = self._watch = self._connecting = None
        trips, self._out = self._out, {}
        idle, self._idle = self._idle, []
        for line in (*trips, *idle):
            line.hang_up()
        for trip in trips.values():
            self._fail(trip.party, "closed")
        waiting, self._waiting = self._waiting, deque()
        self._fail(waiting, "closed")

    def _depart(self) -> None:
        """Send who waits, where a line may go."""
        self._departure = None
        while self._waiting and self._may_go():
            if not self._idle:
                self._connect()
                return
            party = self._gathered()
            if party:
                line = self._idle.pop()
                self._out[line] = _Trip(party, self.loop.time())
                line.ask(frame([request for each in party for request in each.requests]))

    def _may_go(self) -> bool:
        if not self._out:
            return True
        now = self.loop.time()
        return len(self._out) < MAX_LINES and all(now - trip.began >= SLOW for trip in self._out.values())

    def _gathered(self) -> list[_Question]:
        """Who goes next, in their order, as many as there is room for. Who wants no answer any more stays away."""
        party: list[_Question] = []
        room, octets = MAX_REQUESTS, MAX_OCTETS
        while self._waiting:
            question = self._waiting[0]
            room, octets = room - len(question.requests), octets - question.octets
            if party and (room < 0 or octets < 0 or question.goes_alone):
                break
            self._waiting.popleft()
            if question.answers.done():
                room, octets = room + len(question.requests), octets + question.octets
                continue
            party.append(question)
            if question.goes_alone:
                break
        return party

    def _came_back(self, line: AwaitedLine, encoded: bytes) -> None:
        trip = self._out.pop(line, None)
        if trip is None:
            line.hang_up()
            return
        self._trouble = ""
        try:
            answers = decode_list(encoded)
        except MalformedFrame as error:
            line.hang_up()
            self._tell(trip.party, error)
        else:
            self._idle.append(line)
            self._share_out(trip.party, answers)
        self._depart_now()

    def _share_out(self, party: Sequence[_Question], answers: list[object]) -> None:
        if len(party) == 1:
            _answer(party[0], answers)
        elif is_refused_whole(answers, sum(len(each.requests) for each in party)):
            # One of them may have spoiled it for all.
            for each in party:
                each.goes_alone = True
            self._waiting.extendleft(reversed(party))
        else:
            begin = 0
            for each in party:
                end = begin + len(each.requests)
                _answer(each, answers[begin:end])
                begin = end

    def _ended(self, line: AwaitedLine) -> None:
        if line in self._idle:
            self._idle.remove(line)
        trip = self._out.pop(line, None)
        if trip is None:
            return
        for each in trip.party:
            each.losses += 1
        self._waiting.extendleft(reversed(trip.party))
        if max(each.losses for each in trip.party) > 1:
            self._trouble = "the connection was lost again and again"
            self._depart_later()
        else:
            self._depart_now()

    def _connect(self) -> None:
        if self._connecting is not None:
            return
        try:
            here, uid = connected_socket(self._path)
        except OSError as error:
            self._trouble = error.strerror or "no connection"
            # It was there a moment ago, or has a queue at its door: wait for it. Else say so at once.
            if isinstance(error, BlockingIOError) or any(each.losses for each in self._waiting):
                self._depart_later()
            else:
                self._fail_all_who_wait()
            return
        if uid not in self._server_uids:
            here.close()
            waiting, self._waiting = self._waiting, deque()
            self._tell(waiting, CallerRefused(uid=uid))
            return

        async def connect() -> None:
            try:
                _, line = await self.loop.create_unix_connection(
                    lambda: AwaitedLine(self._came_back, self._ended), sock=here
                )
                if not line.has_ended:
                    self._idle.append(line)
            finally:
                self._connecting = None
                self._depart_now()

        self._connecting = self.loop.create_task(connect())
        # One that is ended before its first step leaves the socket to us.
        self._connecting.add_done_callback(lambda task: here.close() if task.cancelled() else None)

    def _depart_now(self) -> None:
        if self._departure is not None:
            self._departure.cancel()
        self._depart()

    def _depart_later(self) -> None:
        if self._departure is None:
            self._departure = self.loop.call_later(PAUSE, self._depart)

    def _look(self) -> None:
        """While anybody waits, twenty times a second: whose time is up is told, and whom a slow trip holds up goes on a line of his own."""
        now, self._watch = self.loop.time(), None
        late = [line for line, trip in self._out.items() if any(each.until <= now for each in trip.party)]
        for line in late:
            party = self._out.pop(line).party
            line.hang_up()
            self._fail([each for each in party if each.until <= now], "")
            self._waiting.extendleft(reversed([each for each in party if each.until > now]))
        if any(each.until <= now for each in self._waiting):
            waiting, self._waiting = self._waiting, deque(each for each in self._waiting if each.until > now)
            self._fail([each for each in waiting if each.until <= now], self._trouble)
        if self._waiting and self._departure is None:
            self._depart()
        moments = [each.until for trip in self._out.values() for each in trip.party]
        moments += [each.until for each in self._waiting]
        if moments:
            self._watch = self.loop.call_at(min(now + SLOW, *moments), self._look)

    def _fail_all_who_wait(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        self._fail(waiting, self._trouble)

    def _fail(self, party: Iterable[_Question], rule: str) -> None:
        rule = rule or f"no answer within {self._deadline:g} s"
        self._tell(party, KeyProcessDown(socket=str(self._path), rule=rule))

    @staticmethod
    def _tell(party: Iterable[_Question], error: HsmError) -> None:
        for each in party:
            if not each.answers.done():
                each.answers.set_exception(type(error)(**error.evidence))


def _answer(question: _Question, answers: list[object]) -> None:
    if not question.answers.done():
        question.answers.set_result(answers)
