# SPDX-License-Identifier: Apache-2.0
"""Trips that callers share: whoever finds nobody under way goes at once, and the others are taken along by the next who goes.

There is no timer. Who is alone waits for nobody. When a trip comes back, the one who has waited longest leads the next: he sends his question
and those of the others in one frame, and each gets his own answers from it. Where the trip under way has been out for ``SLOW`` seconds (a list
of channels, a far end that hangs), whoever comes then leads one of his own on another line, with all who wait.

A trip that fails is its leader's failure alone: the others are put back where they stood, and the next of them leads. So whoever is told of a
failure met it himself, within his own time. Only questions that may be asked twice may travel here.

A signal's handler may raise (Ctrl-C) between any two steps. So each step that gives something back may be done twice, and is done again where it was
interrupted; and a trip past its leader's own time is not counted, whatever became of him.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

MAX_REQUESTS: Final = 64  # of one trip
MAX_OCTETS: Final = 64 * 1024  # of one trip; the answers, a few times longer at most, fit a frame too
MAX_LINES: Final = 4
SLOW: Final = 0.05  # seconds; sixty-four signatures of a slow token take less

# Sends encoded requests in one frame, until a moment; what came back. Raises what may happen on the way.
Travel = Callable[[Sequence[bytes], float], list[object]]


class _Caller:
    """One question of one thread. Whoever holds the lock may touch it, and after ``answers`` are there only its own thread."""

    __slots__ = (
        "answers",
        "began",
        "carrier",
        "companions",
        "goes_alone",
        "has_left",
        "heir",
        "leads",
        "octets",
        "requests",
        "until",
        "woken",
    )

    def __init__(self, requests: Sequence[bytes], until: float) -> None:
        self.requests = requests
        self.octets = sum(map(len, requests))
        self.until = until
        self.leads = False  # its own trip, and since when
        self.began = 0.0
        self.has_left = False  # wants no answer any more
        self.goes_alone = False  # a frame it was part of was refused as a whole
        self.companions: list[_Caller] = []
        self.carrier: _Caller | None = None  # whose companion it is
        self.heir: _Caller | None = None  # whom it has appointed and not woken yet
        self.answers: list[object] | None = None
        self.woken: threading.Lock | None = None  # opened by whoever has news for it


class SharedTrips:
    """Trips over at most MAX_LINES lines at once, for many threads. ``monotonic`` is the clock of the deadlines and of ``slow``.

    ``is_refused_whole`` tells whether what came back for so many requests is a refusal of the frame, in which nobody has his answer.
    """

    def __init__(
        self,
        travel: Travel,
        is_refused_whole: Callable[[Sequence[object], int], bool],
        *,
        monotonic: Callable[[], float],
        slow: float = SLOW,
    ) -> None:
        self._travel = travel
        self._is_refused_whole = is_refused_whole
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._slow = slow
        self._out: list[_Caller] = []  # who leads a trip under way
        self._waiting: deque[_Caller] = deque()  # nobody, unless a trip is under way

    def ask(self, requests: Sequence[bytes], until: float) -> list[object]:
        """What came back for these, in order. Raises TimeoutError, or what the trip raised that this thread led."""
        caller = _Caller(requests, until)
        try:
            try:
                self._await_line_or_answers(caller)
                while caller.answers is None:
                    self._lead(caller)
                return caller.answers
            finally:
                if caller.leads or caller.answers is None:
                    self._leave(caller)
        except BaseException:
            self._leave(caller)  # once more: it may have been interrupted
            raise

    def _await_line_or_answers(self, caller: _Caller) -> None:
        with self._lock:
            now = self._monotonic()
            if self._may_go(now):
                self._go(caller, now)
                return
            caller.woken = threading.Lock()
            caller.woken.acquire()
            self._waiting.append(caller)
        if not caller.woken.acquire(timeout=max(0.0, caller.until - now)):
            with self._lock:
                if not caller.leads and caller.answers is None:
                    raise TimeoutError

    def _lead(self, caller: _Caller) -> None:
        """One trip with all who wait. Afterwards all have their answers, or nobody has and each goes alone."""
        if self._waiting and not caller.goes_alone:
            with self._lock:
                self._gather(caller)
        if self._monotonic() >= caller.until:
            raise TimeoutError
        party = [caller, *caller.companions]
        requests = [request for each in party for request in each.requests]
        answers = self._travel(requests, caller.until)
        if caller.companions and self._is_refused_whole(answers, len(requests)):
            # One of them may have spoiled it for all.
            with self._lock:
                for each in party:
                    each.goes_alone = True
                self._put_back_companions(caller)
                caller.companions = []
            return
        caller.answers = answers[: len(caller.requests)] if caller.companions else answers
        self._tell_companions(caller, answers)

    def _gather(self, leader: _Caller) -> None:
        """Take along, in their order, those for whom there is room."""
        room, octets = MAX_REQUESTS - len(leader.requests), MAX_OCTETS - leader.octets
        while (first := self._first_waiting()) is not None and not first.goes_alone:
            room, octets = room - len(first.requests), octets - first.octets
            if room < 0 or octets < 0:
                break
            first.carrier = leader
            leader.companions.append(first)
            self._waiting.popleft()

    def _tell_companions(self, leader: _Caller, answers: list[object]) -> None:
        begin = len(leader.requests)
        with self._lock:
            for each in leader.companions:
                each.answers = answers[begin : begin + len(each.requests)]
                begin += len(each.requests)
        _wake_answered(leader.companions)
        leader.companions = []

    def _leave(self, caller: _Caller) -> None:
        """Give back what it has: its place among those who wait, or its line. Done again, it does what was left undone, and no more."""
        with self._lock:
            caller.has_left = True
            if caller in self._out:
                self._out.remove(caller)
            elif caller in self._waiting:
                self._waiting.remove(caller)
            self._put_back_companions(caller)
            self._appoint_heir(caller)
        if caller.companions:
            _wake_answered(caller.companions)
            caller.companions = []
        if caller.heir is not None:
            _wake(caller.heir)
            caller.heir = None

    def _put_back_companions(self, leader: _Caller) -> None:
        """Those without answers, where they stood: at the head, in their order."""
        for each in reversed(leader.companions):
            if each.carrier is leader and not (
                each.leads or each.has_left or each.answers is not None or each in self._waiting
            ):
                self._waiting.appendleft(each)
            if each.carrier is leader and each.answers is None:
                each.carrier = None

    def _may_go(self, now: float) -> bool:
        if not self._out:
            return True
        self._out = [leader for leader in self._out if leader.until > now]
        return not self._out or (
            len(self._out) < MAX_LINES and now - max(leader.began for leader in self._out) >= self._slow
        )

    def _go(self, leader: _Caller, now: float) -> None:
        leader.began, leader.leads = now, True
        self._out.append(leader)

    def _first_waiting(self) -> _Caller | None:
        while self._waiting and self._waiting[0].leads:
            self._waiting.popleft()  # appointed by somebody who was interrupted before he could do this
        return self._waiting[0] if self._waiting else None

    def _appoint_heir(self, caller: _Caller) -> None:
        """Who has waited longest leads the next trip, if one may go. ``caller`` remembers whom it has to wake."""
        now, first = self._monotonic(), self._first_waiting()
        if caller.heir is not None and caller.heir.leads:
            return
        if first is None or not self._may_go(now):
            caller.heir = None
            return
        caller.heir = first
        self._go(first, now)
        self._waiting.popleft()


def _wake_answered(companions: Sequence[_Caller]) -> None:
    for each in companions:
        if each.answers is not None:
            _wake(each)


def _wake(caller: _Caller) -> None:
    assert caller.woken is not None, "who has a line from the beginning is nobody's companion"
    try:  # noqa: SIM105 - at every trip, for each companion
        caller.woken.release()
    except RuntimeError:
        pass  # it was woken before
