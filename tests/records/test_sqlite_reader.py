# SPDX-License-Identifier: Apache-2.0
"""On SQLite, asking who calls takes no lock: nobody who has proven nothing keeps a payment waiting, and no writer keeps them."""

import asyncio
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from cardservice.records import banks
from cardservice.records.database import Database, parse_address
from cardservice.records.errors import DatabaseUnavailable
from cardservice.records.hot_path import sqlite_payments
from cardservice.records.hot_path.sqlite_payments import SqlitePayments, open_sqlite_payments
from cardservice.records.hot_path.sqlite_reader import SqliteReader
from tests.records.test_partner_names import bank


@pytest.fixture
def written(sqlite_database: Database, sqlite_url: str) -> Iterator[str]:
    """The address of a database with a bank, in which another program is writing just now."""
    with sqlite_database.begin() as connection:
        banks.add(connection, bank("BCA"))
    other = sqlite3.connect(str(parse_address(sqlite_url).database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield sqlite_url
    other.execute("ROLLBACK")
    other.close()


async def who_calls(url: str, *, through_writer: bool = False) -> tuple[str, Any]:
    store = await open_sqlite_payments(url)
    try:
        if through_writer:
            store = SqlitePayments(store._writer, _Writing(store))  # type: ignore[arg-type] # a reader that is the writer
        known, _ = await store.bank("BCA", bytes(32))
        assert known is not None
        return known.partner_id, await store.bank("nobody", bytes(32))
    finally:
        await asyncio.to_thread(store._writer.close)
        await asyncio.to_thread(store._reader.close)


class _Writing:
    def __init__(self, store: SqlitePayments) -> None:
        self._store, self.close = store, store._reader.close

    async def read(self, work: Any) -> Any:
        return await asyncio.wrap_future(self._store._writer.submit(work))


def test_who_calls_is_told_while_another_writes(written: str) -> None:
    assert asyncio.run(who_calls(written)) == ("BCA", (None, None))


def test_sabotage_through_the_writer_it_waits_for_the_other(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage: reading is a transaction of the writer, as it was; with little patience, so that the test need not wait."""
    monkeypatch.setattr(sqlite_payments, "BUSY_PATIENCE_MS", 1)
    with pytest.raises(DatabaseUnavailable):
        asyncio.run(who_calls(written, through_writer=True))


def test_a_reader_can_not_write_and_goes_on(sqlite_url: str) -> None:
    reader = SqliteReader(str(parse_address(sqlite_url).database))
    with pytest.raises(DatabaseUnavailable):
        asyncio.run(reader.read(lambda connection: connection.execute("DELETE FROM banks")))
    assert asyncio.run(reader.read(lambda connection: connection.execute("SELECT 1").fetchone()[0])) == 1
    reader.close()
