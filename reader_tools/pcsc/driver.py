# SPDX-License-Identifier: Apache-2.0
"""A card in a PC/SC reader: drives the reader's worker process, and kills it when the card says nothing for too long."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import reader_tools
from cardservice.clock import monotonic
from cardservice.errors import KartuError
from reader_tools.errors import CardTimeout, ReaderLibraryMissing, ReaderWorkerLost
from reader_tools.pcsc.frame import Frame, Kind, PipeClosed, PipeSlow, receive, send
from reader_tools.pcsc.return_code import error_for
from reader_tools.short_apdu import checked_command, checked_response

APDU_SECONDS = 5.0  # the slowest command of a good card, P-256 key generation, takes less than 2 s
DIALOGUE_SECONDS = 60.0
FAREWELL_SECONDS = 2.0  # resetting and powering down takes some 10 ms
PROJECT = str(Path(reader_tools.__file__).resolve().parents[1])


class PcscCard:
    """The card in one reader, ours alone while the ``with`` block lasts. Implements cardservice.card_edge.dialogue.Card.

    After any error the connection is over: each further ``transmit`` raises the same error. Durations are seconds.
    """

    def __init__(
        self, reader: str, *, apdu_seconds: float = APDU_SECONDS, dialogue_seconds: float = DIALOGUE_SECONDS
    ) -> None:
        self.reader = reader
        self.atr = b""
        self._apdu_seconds = apdu_seconds
        self._dialogue_seconds = dialogue_seconds
        self._dialogue_deadline = 0.0
        self._worker: subprocess.Popen[bytes] | None = None
        self._failure: KartuError | None = None

    def __enter__(self) -> Self:
        """Start the worker and take the card. Raises the typed error of whatever is not there."""
        self._dialogue_deadline = monotonic() + self._dialogue_seconds
        self._worker = subprocess.Popen(  # noqa: S603 - our own module; the reader's name is an argument, not a command
            [sys.executable, "-m", "reader_tools.pcsc.worker", self.reader],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | {"PYTHONPATH": PROJECT},
            start_new_session=True,  # Ctrl-C is for the driver: it ends the worker in good order
        )
        try:
            self.atr = self._receive(Kind.OPENED)
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the worker reset the card and go; kill it if it can't."""
        worker = self._worker
        if worker is None:
            return
        try:
            if worker.poll() is None:
                send(_descriptor(worker.stdin), Frame(Kind.END))
                worker.wait(FAREWELL_SECONDS)
        except (PipeClosed, subprocess.TimeoutExpired):
            pass
        finally:
            self._kill()

    def transmit(self, command: bytes) -> bytes:
        """Send one short command APDU, return the response APDU. Raises a ReaderError or a CardError."""
        if self._failure is not None:
            raise self._failure
        if self._worker is None:
            raise ReaderWorkerLost(exit_status="not started")
        checked_command(command)
        try:
            send(_descriptor(self._worker.stdin), Frame(Kind.TRANSMIT, command))
        except PipeClosed:
            raise self._failed(self._lost()) from None
        response = self._receive(Kind.RESPONSE)
        try:
            return checked_response(response)
        except KartuError as malformed:
            raise self._failed(malformed) from None

    def _receive(self, expected: Kind) -> bytes:
        worker = self._worker
        if worker is None:
            raise ReaderWorkerLost(exit_status="not started")
        now = monotonic()
        deadline = min(now + self._apdu_seconds, self._dialogue_deadline)
        try:
            frame = receive(_descriptor(worker.stdout), deadline)
        except PipeSlow:
            whole = deadline == self._dialogue_deadline
            self._kill()
            limit = self._dialogue_seconds if whole else self._apdu_seconds
            of = "dialogue" if whole else "APDU"
            raise self._failed(CardTimeout(reader=self.reader, limit=limit, of=of)) from None
        except PipeClosed:
            raise self._failed(self._lost()) from None
        if frame.kind is expected:
            return frame.payload
        raise self._failed(self._error_of(frame))

    def _error_of(self, frame: Frame) -> KartuError:
        if frame.kind is Kind.LIBRARY_MISSING:
            return ReaderLibraryMissing(library=frame.payload.decode(errors="replace"))
        if frame.kind is Kind.PCSC_ERROR:
            code = int.from_bytes(frame.payload, "big")
            return error_for(code, reader=self.reader)
        return self._lost()

    def _failed(self, error: KartuError) -> KartuError:
        self._failure = error
        return error

    def _lost(self) -> ReaderWorkerLost:
        self._kill()
        return ReaderWorkerLost(reader=self.reader, exit_status=self._worker.returncode if self._worker else None)

    def _kill(self) -> None:
        worker = self._worker
        if worker is None:
            return
        if worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()


def _descriptor(pipe: object) -> int:
    return pipe.fileno()  # type: ignore[attr-defined, no-any-return]  # Popen's pipes are there: it was given PIPE
