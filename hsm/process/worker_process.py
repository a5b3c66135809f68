# SPDX-License-Identifier: Apache-2.0
"""One worker as a child process: forked, tied to its parent's life, and telling through a pipe why it could not start."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import cbor2

from hsm.errors import HsmError, WorkerFailed
from hsm.process.worker_seats import Seat
from hsm.wire.protocol import answer_from_wire, answer_to_wire

EXIT_REFUSED = 1
_PR_SET_PDEATHSIG = 1
_MAX_TOLD = 4096  # a pipe takes this much in one piece (pipe(7), PIPE_BUF)

Work = Callable[[Seat], None]


class WorkerProcess:
    """A running child. The parent asks whether it has ended, and why."""

    def __init__(self, pid: int, seat: Seat, told: int, *, started: float) -> None:
        self.pid = pid
        self.seat = seat
        self.started = started
        self.ended_by: int | None = None  # exit code, or minus the signal
        self.leave_until = 0.0  # once told to end: when patience ends
        self._first_kib: int | None = None
        self._told: int | None = told

    def has_ended(self) -> bool:
        """Look without waiting. Gives the seat back once."""
        if self.ended_by is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended_by = os.waitstatus_to_exitcode(status)
                self.seat.leave()
        return self.ended_by is not None

    def growth_kib(self) -> int:
        """By how much its resident memory has grown since this was asked first."""
        resident = resident_kib(self.pid)
        if self._first_kib is None:
            self._first_kib = resident
        return resident - self._first_kib

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended: its number may belong to somebody else by now."""
        if not self.has_ended():
            os.kill(self.pid, number)

    def failure(self) -> HsmError:
        """What the ended worker told of its end: its own typed error, or how the system ended it."""
        told = b"" if self._told is None else os.read(self._told, _MAX_TOLD)
        self.forget()
        if told:
            error = answer_from_wire(cbor2.loads(told))
            if isinstance(error, HsmError):
                return error
        return WorkerFailed(ended_by=str(self.ended_by))

    def forget(self) -> None:
        """Close what is left of it."""
        if self._told is not None:
            os.close(self._told)
            self._told = None


def resident_kib(pid: int) -> int:
    """Resident memory of a process (proc(5), VmRSS); 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def fork_worker(work: Work, seat: Seat, *, now: float) -> WorkerProcess:
    """Run ``work`` in a child. The parent must have a single thread, and signals it waits for blocked (they are not in the child)."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    hears, tells = os.pipe()
    pid = os.fork()
    if pid:
        os.close(tells)
        return WorkerProcess(pid, seat, hears, started=now)
    code = EXIT_REFUSED
    try:
        os.close(hears)
        _end_with(parent)
        work(seat)
        code = 0
    except HsmError as error:
        os.write(tells, cbor2.dumps(answer_to_wire(error)))
    except BaseException as error:  # noqa: BLE001 - the child must end here, whatever it met; its text may hold a secret
        os.write(tells, cbor2.dumps(answer_to_wire(WorkerFailed(ended_by=type(error).__name__))))
    finally:
        os._exit(code)


def _end_with(parent: int) -> None:
    """Be told to end when the parent dies: keys without a supervisor serve nobody (prctl(2), PR_SET_PDEATHSIG)."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise WorkerFailed(ended_by="the supervisor had gone")
