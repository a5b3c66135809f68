# SPDX-License-Identifier: Apache-2.0
"""The supervisor of the workers: it holds the socket and no key, starts N workers, replaces dead ones at once, and gives up loudly.

SIGHUP replaces the workers one by one, each by one that has opened the keys anew before the old one stops taking callers: that is how
a rotation becomes known. SIGTERM and SIGINT end all.
"""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hsm.errors import KeysChanged, TokenLoginRefused, TokenLost, TokenNotFound, WorkersFailing
from hsm.process.dead_mans_alarm import SILENCE, START_SECONDS
from hsm.process.worker_process import Work, WorkerProcess, fork_worker
from hsm.process.worker_seats import WorkerSeats

SHORT_LIFE = 2.0  # seconds; a worker that ends sooner counts as failed
MAX_FAILURES = 8  # in a row
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds before trying again; after a long life there is none
ABSENT_PAUSE = 1.0  # seconds before looking again for a token that is away, or that another lies in the place of
GROWTH_KIB = 32 * 1024  # of a worker's memory: it is replaced (modules leak: docs/keys.md, known limits)
WEIGHING_SECONDS = 10.0  # between looks at it
END_SECONDS = 5.0  # that a worker has to answer what it has taken

# Nothing is wrong with the key process: it waits for its token as long as that takes, or, where the token refused the PIN, for a person who says that
# it may be tried again (refused_login.py).
_ABSENT = (TokenLost, TokenNotFound, KeysChanged, TokenLoginRefused)
_ENDING = {signal.SIGTERM, signal.SIGINT}
_WAITED_FOR = {*_ENDING, signal.SIGHUP, signal.SIGCHLD}
_SOON, _TURN = 0.02, 1.0  # seconds between looks: while somebody starts or leaves, and otherwise

log = logging.getLogger("hsm")


class Supervisor:
    """Keeps ``count`` workers at ``work``. Only the main thread of a process without other threads may ``run`` it.

    ``changed`` is called at SIGHUP, before the first worker is replaced.
    """

    def __init__(
        self, work: Work, count: int, *, monotonic: Callable[[], float], changed: Callable[[], None] = lambda: None
    ) -> None:
        self._work = work
        self._changed = changed
        self._count = count
        self._monotonic = monotonic
        self._seats = WorkerSeats(count + 1)  # one more for a successor beside the one that it replaces
        self._workers: list[WorkerProcess] = []  # who serve, or are about to
        self._outdated: list[WorkerProcess] = []  # of these, who opened the keys before the last SIGHUP
        self._successor: WorkerProcess | None = None
        self._leaving: WorkerProcess | None = None
        self._failures = 0  # short lives in a row
        self._next_start = 0.0
        self._next_weighing = 0.0

    def run(self, ready: Callable[[], None]) -> None:
        """Until SIGTERM or SIGINT. ``ready`` is called once all answer. Raises what keeps the first from starting, or WorkersFailing."""
        with _signals_blocked():
            try:
                self._workers = [self._fork(number) for number in range(self._count)]
                is_told_to_end = self._await_first()
                if not is_told_to_end:
                    ready()
                while not is_told_to_end:
                    is_told_to_end = self._attend(signal.sigtimedwait(_WAITED_FOR, self._until_next_look()))
            finally:
                self._end_all()

    def _await_first(self) -> bool:
        """True when told to end meanwhile."""
        while not all(worker.seat.is_ready for worker in self._workers):
            heard = signal.sigtimedwait(_WAITED_FOR, _SOON)
            if heard is not None and heard.si_signo in _ENDING:
                return True
            if heard is not None and heard.si_signo == signal.SIGHUP:
                self._outdate()  # some may have opened the keys already
            for worker in self._workers:
                self._kill_silent(worker)
                if worker.has_ended():
                    raise worker.failure()
        return False

    def _fork(self, seat: int) -> WorkerProcess:
        now = self._monotonic()
        return fork_worker(self._work, self._seats.take(seat, now=now), now=now)

    def _free_seat(self) -> int:
        present = [*self._workers, *filter(None, (self._successor, self._leaving))]
        return next(number for number in range(self._count + 1) if number not in {each.seat.number for each in present})

    def _until_next_look(self) -> float:
        if self._outdated or self._leaving or not all(worker.seat.is_ready for worker in self._workers):
            return _SOON
        if len(self._workers) < self._count:
            return max(0.0, min(_TURN, self._next_start - self._monotonic()))
        return _TURN

    def _attend(self, heard: "signal.struct_siginfo | None") -> bool:
        """One look at everything. True when told to end. Raises WorkersFailing."""
        if heard is not None and heard.si_signo in _ENDING:
            return True
        if heard is not None and heard.si_signo == signal.SIGHUP:
            self._outdate()
        for worker in list(self._workers):
            self._kill_silent(worker)
            if worker.has_ended():
                self._bury(worker)
        if len(self._workers) < self._count and self._monotonic() >= self._next_start:
            self._workers.append(self._fork(self._free_seat()))
        self._weigh()
        self._go_on_replacing()
        return False

    def _outdate(self) -> None:
        """Whoever is there now has opened the keys too early, or may have."""
        log.info("replacing workers")
        self._changed()
        self._outdated = list(self._workers)

    def _weigh(self) -> None:
        """Whoever has grown too much is outdated too."""
        now = self._monotonic()
        if now < self._next_weighing:
            return
        self._next_weighing = now + WEIGHING_SECONDS
        for worker in self._workers:
            if worker.seat.is_ready and worker not in self._outdated and worker.growth_kib() > GROWTH_KIB:
                log.warning("worker has grown by %d KiB pid=%d", worker.growth_kib(), worker.pid)
                self._outdated.append(worker)

    def _bury(self, worker: WorkerProcess) -> None:
        """Take leave of a dead one, and say when the next may start. Raises WorkersFailing."""
        self._workers.remove(worker)
        error = worker.failure()
        log.error("worker ended pid=%d: %s", worker.pid, error)
        now = self._monotonic()
        if isinstance(error, _ABSENT):
            self._next_start = now + ABSENT_PAUSE
            return
        if now - worker.started >= SHORT_LIFE:
            self._failures, self._next_start = 0, now
            return
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            raise WorkersFailing(rule=f"{MAX_FAILURES} in a row lived less than {SHORT_LIFE:g} s", last=error.code)
        # The first is replaced at once; a row of them ever more slowly.
        self._next_start = now + (self._failures > 1) * min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._failures - 2))

    def _kill_silent(self, worker: WorkerProcess) -> None:
        patience = SILENCE if worker.seat.is_ready else START_SECONDS
        if self._monotonic() - worker.seat.last_alive > patience and not worker.has_ended():
            log.error("worker silent for %g s pid=%d", patience, worker.pid)
            worker.signal(signal.SIGKILL)

    def _go_on_replacing(self) -> None:
        """The next step of a replacement. Who can't be replaced stays, and the log says why: old keys serve better than none."""
        if self._leaving is not None:
            if not self._has_left(self._leaving):
                return
            self._leaving = None
        self._outdated = [worker for worker in self._outdated if worker in self._workers]
        if self._successor is None:
            if self._outdated:
                self._successor = self._fork(self._free_seat())
            return
        self._kill_silent(self._successor)
        if self._successor.has_ended():
            log.error("workers not replaced: %s", self._successor.failure())
            self._outdated, self._successor = [], None
        elif self._successor.seat.is_ready:
            if self._outdated:
                self._leaving = self._outdated.pop(0)
                self._workers.remove(self._leaving)
                self._ask_to_leave(self._leaving)
                self._workers.append(self._successor)
            else:  # the one it was for has died, and has been replaced already
                self._leaving = self._successor
                self._ask_to_leave(self._leaving)
            self._successor = None
            if not self._outdated:
                log.info("replaced workers=%d", len(self._workers))

    def _ask_to_leave(self, worker: WorkerProcess) -> None:
        worker.leave_until = self._monotonic() + END_SECONDS
        worker.signal(signal.SIGTERM)

    def _has_left(self, worker: WorkerProcess) -> bool:
        if not worker.has_ended():
            if self._monotonic() > worker.leave_until:
                worker.signal(signal.SIGKILL)
            return False
        worker.forget()
        return True

    def _end_all(self) -> None:
        """Tell all to end; who does not within END_SECONDS is killed."""
        staying = [*self._workers, *filter(None, (self._successor, self._leaving))]
        for worker in staying:
            self._ask_to_leave(worker)
        while staying := [worker for worker in staying if not self._has_left(worker)]:
            signal.sigtimedwait({signal.SIGCHLD}, _SOON)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Signals wait until they are asked for: none is lost, and none interrupts anything."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
