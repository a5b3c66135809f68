# SPDX-License-Identifier: Apache-2.0
"""The writer thread: neighbours in one commit do not harm each other, and what was handed over is finished."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from cardservice.records.errors import DatabaseUnavailable
from cardservice.records.hot_path.sqlite_writer import SqliteWriter


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "one.db")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (n INTEGER PRIMARY KEY)")
    connection.close()
    return path


@pytest.fixture
def writer(path: str) -> Iterator[SqliteWriter]:
    opened = SqliteWriter(path)
    yield opened
    opened.close()


def note(number: int) -> Callable[[sqlite3.Connection], None]:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (?)", [number])

    return work


def hold(writer: SqliteWriter) -> threading.Event:
    """Keep the thread busy, so that what is submitted next waits and shares a commit."""
    release = threading.Event()
    started = threading.Event()

    def work(_connection: sqlite3.Connection) -> None:
        started.set()
        release.wait()

    writer.submit(work)
    started.wait()
    return release


def notes(path: str) -> list[int]:
    connection = sqlite3.connect(path)
    try:
        return [number for (number,) in connection.execute("SELECT n FROM notes ORDER BY n")]
    finally:
        connection.close()


def test_a_failing_job_is_undone_alone(writer: SqliteWriter, path: str) -> None:
    def write_then_fail(connection: sqlite3.Connection) -> None:
        note(2)(connection)
        raise KeyError("of the caller")

    release = hold(writer)
    jobs: list[Future[Any]] = [writer.submit(work) for work in (note(1), write_then_fail, note(3))]
    release.set()
    with pytest.raises(KeyError):
        jobs[1].result()
    assert [jobs[0].result(), jobs[2].result()] == [None, None]
    assert notes(path) == [1, 3]


def test_an_answer_comes_after_the_commit(writer: SqliteWriter, path: str) -> None:
    seen: list[list[int]] = []
    writer.submit(note(1)).add_done_callback(lambda _: seen.append(notes(path)))
    writer.submit(note(2)).result()
    assert seen[0][0] == 1


def test_what_was_given_up_is_not_written(writer: SqliteWriter, path: str) -> None:
    release = hold(writer)
    given_up = writer.submit(note(1))
    assert given_up.cancel()
    release.set()
    writer.submit(note(2)).result()
    assert notes(path) == [2]


def test_closing_finishes_what_waits_and_takes_no_more(path: str) -> None:
    writer = SqliteWriter(path)
    release = hold(writer)
    jobs = [writer.submit(note(number)) for number in range(200)]
    threading.Timer(0.05, release.set).start()
    writer.close()
    writer.close()
    assert all(job.done() for job in jobs)
    assert notes(path) == list(range(200))
    with pytest.raises(DatabaseUnavailable):
        writer.submit(note(1))


def test_a_database_that_is_locked_for_too_long_is_said_to_every_caller(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cardservice.records.database.SQLITE_PRAGMAS", ("PRAGMA busy_timeout = 20",))
    writer = SqliteWriter(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    jobs = [writer.submit(note(number)) for number in (1, 2)]
    for job in jobs:
        with pytest.raises(DatabaseUnavailable):
            job.result()
    other.execute("ROLLBACK")
    other.close()
    writer.submit(note(3)).result()  # and it goes on afterwards
    writer.close()
    assert notes(path) == [3]
