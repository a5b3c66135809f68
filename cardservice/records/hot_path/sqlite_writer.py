# SPDX-License-Identifier: Apache-2.0
"""One thread that owns one SQLite connection: callers hand it work, and what waits is committed together.

SQLite has one writer at a time. A commit costs a disk flush, so everything that came in during the last flush shares the next one;
nobody is answered before the commit that holds their work.
"""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from cardservice.records.constraints import violated_on_sqlite
from cardservice.records.database import SQLITE_BUSY_TIMEOUT_MS, prepare_sqlite
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable, RecordsError
from cardservice.records.hot_path.rows import refusal_of

MAX_BATCH = 64  # of jobs per commit: bounds what one caller waits for

Work = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True)
class _Job:
    work: Work
    answer: Future[Any] = field(default_factory=Future)


class SqliteWriter:
    """The thread and its queue. ``busy_ms``: how long a batch waits for a writer elsewhere."""

    def __init__(self, path: str, busy_ms: int = SQLITE_BUSY_TIMEOUT_MS) -> None:
        self._path, self._busy_ms = path, busy_ms
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._is_closed = False
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="kartu-sqlite-writer", daemon=True)
        self._thread.start()
        self._ready.result()

    def submit(self, work: Work) -> Future[Any]:
        """Run ``work`` inside the next transaction; the future ends after its commit. An exception undoes this work alone."""
        job = _Job(work)
        with self._closing:
            if self._is_closed:
                raise DatabaseUnavailable(kind="sqlite", error="closed")
            self._queue.put(job)
        return job.answer

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            connection = sqlite3.connect(self._path, isolation_level=None)
            connection.row_factory = sqlite3.Row
            prepare_sqlite(connection)
            connection.execute(f"PRAGMA busy_timeout = {self._busy_ms}")
        except sqlite3.Error as failed:
            self._ready.set_exception(translated(failed))
            return
        self._ready.set_result(None)
        try:
            while (batch := self._next_batch()) is not None:
                _run_batch(connection, batch)
        finally:
            connection.close()

    def _next_batch(self) -> list[_Job] | None:
        """Wait for one job, then take those that wait already. None once closed: close() puts its mark behind every job."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            batch.append(job)
        return batch


def _run_batch(connection: sqlite3.Connection, batch: list[_Job]) -> None:
    outcomes: list[tuple[_Job, Any, BaseException | None]] = []
    batch = [job for job in batch if job.answer.set_running_or_notify_cancel()]
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in batch:
            outcomes.append((job, *_run_one(connection, job)))  # noqa: PERF401 - runs the job
        connection.execute("COMMIT")
    except sqlite3.Error as failed:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        error = translated(failed)
        for job in batch:
            job.answer.set_exception(error)
        return
    for job, result, problem in outcomes:
        if problem is None:
            job.answer.set_result(result)
        else:
            job.answer.set_exception(problem)


def _run_one(connection: sqlite3.Connection, job: _Job) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT job")
    try:
        result = job.work(connection)
    except Exception as failed:  # noqa: BLE001 - whatever it is belongs to the caller of this job, not to its neighbours
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return None, translated(failed) if isinstance(failed, sqlite3.Error) else failed
    connection.execute("RELEASE job")
    return result, None


def translated(failed: sqlite3.Error) -> RecordsError:
    """The driver's failure as an error of ours."""
    if isinstance(failed, sqlite3.IntegrityError):
        return refusal_of(violated_on_sqlite(str(failed)))
    if str(failed).startswith(("no such table", "no such column")):
        return DatabaseBehind(kind="sqlite")
    return DatabaseUnavailable(kind="sqlite", error=type(failed).__name__)
