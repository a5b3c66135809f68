# SPDX-License-Identifier: Apache-2.0
"""PaymentStore on SQLite: the same rows as on PostgreSQL, by one writer thread whose transactions share their flush, and one that only reads."""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from cardservice.records.banks import Bank
from cardservice.records.canonical_json import canonical_json
from cardservice.records.columns import microseconds, moment
from cardservice.records.database import parse_address
from cardservice.records.hot_path.payment_rows import (
    ACCOUNT_COLUMNS,
    BANK_COLUMNS,
    CLAIM_COLUMNS,
    MEMBER_COLUMNS,
    PAID_COLUMNS,
    PAYMENT_COLUMNS,
    account_values,
    bank_of,
    ledger_statement,
    opened_of,
    paid_values,
    payment_values,
)
from cardservice.records.hot_path.payment_store import BUSY_PATIENCE_MS, Claim, Credit, Decide, Opened, Told
from cardservice.records.hot_path.rows import EVENT_COLUMNS, named
from cardservice.records.hot_path.sqlite_reader import SqliteReader
from cardservice.records.hot_path.sqlite_store import EVENT, MOVE, question_marks
from cardservice.records.hot_path.sqlite_writer import SqliteWriter
from cardservice.records.ledger_change import LedgerChange

# The statements are built from constants of this package only.
_BANK = f"""
SELECT {named(BANK_COLUMNS, "bank")}, token.expires_at FROM banks AS bank
LEFT JOIN access_tokens AS token ON token.partner_id = bank.partner_id AND token.token_sha256 = ?2
WHERE bank.partner_id = ?1
"""  # noqa: S608 - column names are constants of ours
_OF_NUMBER = f"""
SELECT known.shown_name, known.expires_at, {named(MEMBER_COLUMNS, "members")}
FROM payment_numbers AS known JOIN members ON members.member_id = known.member_id WHERE known.number = ?
"""  # noqa: S608 - column names are constants of ours
_LEDGER = ledger_statement("?1")
_CLAIM = f"""
INSERT INTO snap_requests ({named(CLAIM_COLUMNS)}, response_code, answer) VALUES ({question_marks(8)}) ON CONFLICT DO NOTHING RETURNING 1
"""  # noqa: S608 - column names are constants of ours
_PAY = f"""
INSERT INTO payments ({named(PAYMENT_COLUMNS)}) VALUES ({question_marks(len(PAYMENT_COLUMNS))})
ON CONFLICT (partner_id, reference) DO NOTHING RETURNING 1
"""  # noqa: S608 - column names are constants of ours
_TAKE_PART = "DELETE FROM payment_allocations WHERE member_id = ? AND payment_id = ? AND programme = ? AND month = ?"
_TAKE_MONTH = "DELETE FROM member_months WHERE member_id = ? AND programme = ? AND month = ?"
_BUY = "INSERT INTO payment_allocations (member_id, payment_id, programme, month, amount) VALUES (?, ?, ?, ?, ?)"
_FILL = """
INSERT INTO member_months (member_id, programme, month, amount, received_at, recorded_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_COUNT = f"""
INSERT INTO member_account (member_id, {named(ACCOUNT_COLUMNS)}) VALUES ({question_marks(1 + len(ACCOUNT_COLUMNS))})
ON CONFLICT (member_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in ACCOUNT_COLUMNS)}
"""  # noqa: S608 - column names are constants of ours
_SHOW = (
    f"UPDATE card_standing SET {', '.join(f'{name} = ?' for name in (*PAID_COLUMNS, 'updated_at'))} WHERE member_id = ?"  # noqa: S608 - column names are constants of ours
)
_TELL = """
UPDATE snap_requests SET response_code = ?, answer = ?, payment_id = ? WHERE partner_id = ? AND day = ? AND external_id = ?
"""


class SqlitePayments:
    """The threads of one database file, apart from those of verifications.

    Who calls is read before they have proven anything: that takes no lock, or anybody could keep payments waiting.
    """

    def __init__(self, writer: SqliteWriter, reader: SqliteReader) -> None:
        self._writer, self._reader = writer, reader

    async def bank(self, partner_id: str, token_sha256: bytes) -> tuple[Bank | None, datetime | None]:
        """As PaymentStore."""

        def work(connection: sqlite3.Connection) -> tuple[Bank | None, datetime | None]:
            return bank_of(connection.execute(_BANK, [partner_id, token_sha256]).fetchone(), moment)

        found: tuple[Bank | None, datetime | None] = await self._reader.read(work)
        return found

    async def open(self, number: str) -> Opened | None:
        """As PaymentStore."""

        def work(connection: sqlite3.Connection) -> Opened | None:
            return _opened(connection, number)

        found: Opened | None = await self._reader.read(work)
        return found

    async def keep(self, claim: Claim, told: Told) -> bool:
        """As PaymentStore."""

        def work(connection: sqlite3.Connection) -> bool:
            return _claimed(connection, claim, told)

        kept: bool = await asyncio.wrap_future(self._writer.submit(work))
        return kept

    async def credit(self, claim: Claim, number: str, decide: Decide) -> Told | None:
        """As PaymentStore. ``decide`` runs in the writer thread."""

        def work(connection: sqlite3.Connection) -> Told:
            opened = _opened(connection, number) if _claimed(connection, claim, None) else None
            decided = None if opened is None else decide(opened)
            if decided is None:
                raise _Undone
            told, credit = decided
            _write(connection, claim, told, credit)
            return told

        try:
            told: Told = await asyncio.wrap_future(self._writer.submit(work))
        except _Undone:
            return None
        return told

    async def close(self) -> None:
        """Finish what was handed over, then stop the threads."""
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._reader.close)


async def open_sqlite_payments(url: str) -> SqlitePayments:
    """Start the threads. Raises DatabaseUnsupported, DatabaseUnavailable."""
    path = str(parse_address(url).database)
    writer = await asyncio.to_thread(SqliteWriter, path, BUSY_PATIENCE_MS)
    return SqlitePayments(writer, await asyncio.to_thread(SqliteReader, path))


class _Undone(Exception):
    pass


def _claimed(connection: sqlite3.Connection, claim: Claim, told: Told | None) -> bool:
    asked = [
        claim.partner_id,
        _day(claim.day),
        claim.external_id,
        claim.service,
        claim.request_id,
        microseconds(claim.at),
    ]
    outcome = [None, None] if told is None else [told.response_code, told.answer]
    return bool(connection.execute(_CLAIM, [*asked, *outcome]).fetchall())


def _opened(connection: sqlite3.Connection, number: str) -> Opened | None:
    found = connection.execute(_OF_NUMBER, [number]).fetchone()
    if found is None:
        return None
    return opened_of(found, connection.execute(_LEDGER, [found["member_id"]]).fetchall(), moment)


def _write(connection: sqlite3.Connection, claim: Claim, told: Told, credit: Credit) -> None:
    change, event = credit.change, credit.event
    values = payment_values(credit.payment)
    if not connection.execute(_PAY, [_bare(values[name]) for name in PAYMENT_COLUMNS]).fetchall():
        raise _Undone
    _write_rows(connection, change)
    connection.execute(_COUNT, [change.member_id, *account_values(change)])
    connection.execute(_SHOW, [*paid_values(change), microseconds(change.at), change.member_id])
    told_to = [claim.partner_id, _day(claim.day), claim.external_id]
    connection.execute(_TELL, [told.response_code, told.answer, credit.payment.payment_id, *told_to])
    leaf, detail = event.leaf, canonical_json(dict(event.detail)).decode()
    moved: Sequence[Any] = connection.execute(MOVE, [leaf, event.chain]).fetchall()
    if not moved:
        raise _Undone
    ((seq, head),) = moved
    said = dict(
        zip(
            EVENT_COLUMNS,
            (microseconds(event.at), event.kind, event.card_id, event.member_id, detail, leaf),
            strict=True,
        )
    )
    connection.execute(EVENT, [event.chain, seq, head, *(said[name] for name in EVENT_COLUMNS)])


def _write_rows(connection: sqlite3.Connection, change: LedgerChange) -> None:
    member = change.member_id
    connection.executemany(
        _TAKE_PART, [(member, each.payment_id, each.programme.value, each.month.number) for each in change.parts_gone]
    )
    connection.executemany(
        _TAKE_MONTH, [(member, each.programme.value, each.month.number) for each in change.months_gone]
    )
    connection.executemany(
        _BUY,
        [(member, each.payment_id, each.programme.value, each.month.number, each.amount) for each in change.parts_new],
    )
    connection.executemany(
        _FILL,
        [
            (
                member,
                each.programme.value,
                each.month.number,
                each.amount,
                _bare(each.received_at),
                _bare(each.recorded_at),
            )
            for each in change.months_new
        ],
    )


def _day(day: date) -> str:
    return day.isoformat()


def _bare(value: Any) -> Any:
    return microseconds(value) if isinstance(value, datetime) else value
