# SPDX-License-Identifier: Apache-2.0
"""One thread that owns one SQLite connection which can't write: what only reads waits for no writer, and keeps none waiting."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cardservice.records.database import prepare_sqlite
from cardservice.records.hot_path.sqlite_writer import translated

Work = Callable[[sqlite3.Connection], Any]


class SqliteReader:
    """Reads one after the other. Each sees one moment of the database, committed."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1, "kartu-sqlite-reader")
        self._connection = self._thread.submit(_open, path).result()

    async def read(self, work: Work) -> Any:
        """What ``work`` reads. Raises DatabaseUnavailable, DatabaseBehind."""
        return await asyncio.wrap_future(self._thread.submit(_read, self._connection, work))

    def close(self) -> None:
        """Finish what was asked, then stop."""
        self._thread.submit(self._connection.close)
        self._thread.shutdown()


def _open(path: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        prepare_sqlite(connection)
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as failed:
        raise translated(failed) from failed
    return connection


def _read(connection: sqlite3.Connection, work: Work) -> Any:
    try:
        connection.execute("BEGIN DEFERRED")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")  # of nothing: it only lets the moment go
    except sqlite3.Error as failed:
        raise translated(failed) from failed
