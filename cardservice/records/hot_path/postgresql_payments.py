# SPDX-License-Identifier: Apache-2.0
"""PaymentStore on PostgreSQL, over asyncpg: a payment is two statements to read and one to write, between BEGIN and COMMIT.

Locks are taken in the order of the long way: X-EXTERNAL-ID, member, reference, and the audit chain last of all, just before the commit.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg

from cardservice.records.banks import Bank
from cardservice.records.canonical_json import canonical_json
from cardservice.records.columns import microseconds
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
from cardservice.records.hot_path.payment_store import LOCK_PATIENCE_MS, Claim, Credit, Decide, Opened, Told
from cardservice.records.hot_path.postgresql_pool import open_pool, translated
from cardservice.records.hot_path.rows import EVENT_COLUMNS, named, places
from cardservice.records.ledger_change import LedgerChange

MAX_CONNECTIONS = 8
_SETTINGS = {
    "lock_timeout": str(LOCK_PATIENCE_MS),
    "plan_cache_mode": "force_generic_plan",  # each statement finds its rows by keys: planning it anew costs more than running it
}

# The statements are built from constants of this package only.
_BANK = f"""
SELECT {named(BANK_COLUMNS, "bank")}, token.expires_at FROM banks AS bank
LEFT JOIN access_tokens AS token ON token.partner_id = bank.partner_id AND token.token_sha256 = $2
WHERE bank.partner_id = $1
"""  # noqa: S608 - column names are constants of ours
_OF_NUMBER = f"""
SELECT known.shown_name, known.expires_at, {named(MEMBER_COLUMNS, "members")}
FROM payment_numbers AS known JOIN members ON members.member_id = known.member_id WHERE known.number = $1
"""  # noqa: S608 - column names are constants of ours
_LEDGER = ledger_statement("$1")
_CLAIM = f"INSERT INTO snap_requests ({named(CLAIM_COLUMNS)}, response_code, answer) VALUES ({places(1, 8)}) ON CONFLICT DO NOTHING"  # noqa: S608 - column names are constants of ours
_KEEP = f"{_CLAIM} RETURNING true"
# The member is locked as it is found, after the claim has got its row: the lock stands on top of the join with it.
_CLAIM_AND_LOCK = f"""
WITH claimed AS (
  INSERT INTO snap_requests ({named(CLAIM_COLUMNS)}) VALUES ({places(1, 6)}) ON CONFLICT DO NOTHING RETURNING day)
SELECT known.shown_name, known.expires_at, {named(MEMBER_COLUMNS, "members")}
FROM claimed CROSS JOIN payment_numbers AS known JOIN members ON members.member_id = known.member_id
WHERE known.number = $7 FOR UPDATE OF members
"""  # noqa: S608 - column names are constants of ours
_TAKE_PARTS = """
DELETE FROM payment_allocations AS bought
USING unnest($2::text[], $3::text[], $4::int[]) AS gone(payment_id, programme, month)
WHERE bought.member_id = $1 AND bought.payment_id = gone.payment_id AND bought.programme = gone.programme AND bought.month = gone.month
"""
_TAKE_MONTHS = """
DELETE FROM member_months AS paid
USING unnest($2::text[], $3::int[]) AS gone(programme, month)
WHERE paid.member_id = $1 AND paid.programme = gone.programme AND paid.month = gone.month
"""


def _placed(first: int, columns: Sequence[str]) -> str:
    return ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, first))


_AFTER_PAYMENT = 1 + len(PAYMENT_COLUMNS)
_AFTER_ROWS = _AFTER_PAYMENT + 4 + 5
_AFTER_ACCOUNT = _AFTER_ROWS + len(ACCOUNT_COLUMNS)
_AFTER_PAID = _AFTER_ACCOUNT + len(PAID_COLUMNS) + 1
_AFTER_CLAIM = _AFTER_PAID + 5
_LEAF = _AFTER_CLAIM + len(EVENT_COLUMNS) - 1
# Everything hangs on the payment, which is not written where its reference is taken; and the chain on everything else.
_WRITE = f"""
WITH paid AS (
  INSERT INTO payments ({named(PAYMENT_COLUMNS)}) VALUES ({places(1, len(PAYMENT_COLUMNS))})
  ON CONFLICT (partner_id, reference) DO NOTHING RETURNING member_id, payment_id),
bought AS (
  INSERT INTO payment_allocations (member_id, payment_id, programme, month, amount)
  SELECT paid.member_id, part.* FROM paid, unnest(
    ${_AFTER_PAYMENT}::text[], ${_AFTER_PAYMENT + 1}::text[], ${_AFTER_PAYMENT + 2}::int[], ${_AFTER_PAYMENT + 3}::bigint[]) AS part
  RETURNING 1),
filled AS (
  INSERT INTO member_months (member_id, programme, month, amount, received_at, recorded_at)
  SELECT paid.member_id, cell.* FROM paid, unnest(
    ${_AFTER_PAYMENT + 4}::text[], ${_AFTER_PAYMENT + 5}::int[], ${_AFTER_PAYMENT + 6}::int[],
    ${_AFTER_PAYMENT + 7}::timestamptz[], ${_AFTER_PAYMENT + 8}::timestamptz[]) AS cell
  ON CONFLICT DO NOTHING RETURNING 1),
counted AS (
  INSERT INTO member_account (member_id, {named(ACCOUNT_COLUMNS)})
  SELECT paid.member_id, {", ".join(f"${number}::bigint" for number in range(_AFTER_ROWS, _AFTER_ACCOUNT))} FROM paid
  ON CONFLICT (member_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in ACCOUNT_COLUMNS)} RETURNING 1),
shown AS (
  UPDATE card_standing SET {_placed(_AFTER_ACCOUNT, (*PAID_COLUMNS, "updated_at"))}
  FROM paid WHERE card_standing.member_id = paid.member_id RETURNING 1),
told AS (
  UPDATE snap_requests SET response_code = ${_AFTER_PAID + 3}, answer = ${_AFTER_PAID + 4}, payment_id = paid.payment_id
  FROM paid
  WHERE partner_id = ${_AFTER_PAID} AND day = ${_AFTER_PAID + 1} AND external_id = ${_AFTER_PAID + 2} RETURNING 1),
moved AS (
  UPDATE audit_chains SET seq = seq + 1, head = sha256('\\x02'::bytea || head || ${_LEAF})
  FROM (SELECT (SELECT count(*) FROM bought) + (SELECT count(*) FROM filled) + (SELECT count(*) FROM counted)
             + (SELECT count(*) FROM shown) + (SELECT count(*) FROM told) AS rows) AS written
  WHERE chain = ${_LEAF + 1} AND written.rows > 0 AND EXISTS (SELECT 1 FROM paid) RETURNING seq, head)
INSERT INTO audit_events (chain, seq, head, {named(EVENT_COLUMNS)})
SELECT ${_LEAF + 1}, moved.seq, moved.head, {places(_AFTER_CLAIM, len(EVENT_COLUMNS))} FROM moved RETURNING seq
"""  # noqa: S608 - column names are constants of ours


class PostgresqlPayments:
    """A pool of connections of its own: who waits for a member here keeps no verification waiting."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def bank(self, partner_id: str, token_sha256: bytes) -> tuple[Bank | None, datetime | None]:
        """As PaymentStore."""
        async with self._connection() as connection:
            return bank_of(await connection.fetchrow(_BANK, partner_id, token_sha256), _as_it_is)

    async def open(self, number: str) -> Opened | None:
        """As PaymentStore."""
        async with self._connection() as connection:
            found = await connection.fetchrow(_OF_NUMBER, number)
            if found is None:
                return None
            return opened_of(found, await connection.fetch(_LEDGER, found["member_id"]), _as_it_is)

    async def keep(self, claim: Claim, told: Told) -> bool:
        """As PaymentStore."""
        async with self._connection() as connection:
            try:
                kept = await connection.fetchval(_KEEP, *_claim_values(claim), told.response_code, told.answer)
            except asyncpg.LockNotAvailableError:  # another is using the X-EXTERNAL-ID just now
                return False
            return kept is not None

    async def credit(self, claim: Claim, number: str, decide: Decide) -> Told | None:
        """As PaymentStore."""
        async with self._connection() as connection:
            try:
                async with connection.transaction():
                    return await _credited(connection, claim, number, decide)
            except (_Undone, asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                return None

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with translated(self._pool) as connection:
            yield connection


async def open_postgresql_payments(url: str) -> PostgresqlPayments:
    """Connect. Raises DatabaseUnsupported, DatabaseUnavailable."""
    return PostgresqlPayments(await open_pool(url, most=MAX_CONNECTIONS, settings=_SETTINGS))


class _Undone(Exception):
    pass


def _as_it_is(at: datetime) -> datetime:
    return at


def _claim_values(claim: Claim) -> list[Any]:
    return [claim.partner_id, claim.day, claim.external_id, claim.service, claim.request_id, claim.at]


async def _credited(connection: Any, claim: Claim, number: str, decide: Decide) -> Told:
    found = await connection.fetchrow(_CLAIM_AND_LOCK, *_claim_values(claim), number)
    if found is None:
        raise _Undone
    # A statement of its own: it sees what was committed while the first one waited for the member.
    ledger = await connection.fetch(_LEDGER, found["member_id"])
    decided = decide(opened_of(found, ledger, _as_it_is))
    if decided is None:
        raise _Undone
    told, credit = decided
    await _take_away(connection, credit.change)
    if await connection.fetchval(_WRITE, *_written_values(claim, told, credit)) is None:
        raise _Undone
    return told


async def _take_away(connection: Any, change: LedgerChange) -> None:
    """Rows that change are taken away first: one statement can't do both to one key. Most payments change none."""
    if change.parts_gone:
        names = [each.payment_id for each in change.parts_gone]
        await connection.execute(_TAKE_PARTS, change.member_id, names, *_cells(change.parts_gone))
    if change.months_gone:
        await connection.execute(_TAKE_MONTHS, change.member_id, *_cells(change.months_gone))


def _cells(rows: Sequence[Any]) -> tuple[list[str], list[int]]:
    return [each.programme.value for each in rows], [each.month.number for each in rows]


def _written_values(claim: Claim, told: Told, credit: Credit) -> list[Any]:
    change, event = credit.change, credit.event
    values = payment_values(credit.payment)
    leaf, detail = event.leaf, canonical_json(dict(event.detail)).decode()
    microseconds(event.at)  # refuses a naive moment before a database guesses
    return [
        *(values[name] for name in PAYMENT_COLUMNS),
        [each.payment_id for each in change.parts_new],
        *_cells(change.parts_new),
        [each.amount for each in change.parts_new],
        *_cells(change.months_new),
        [each.amount for each in change.months_new],
        [each.received_at for each in change.months_new],
        [each.recorded_at for each in change.months_new],
        *account_values(change),
        *paid_values(change),
        change.at,
        claim.partner_id,
        claim.day,
        claim.external_id,
        told.response_code,
        told.answer,
        *(event.at, event.kind, event.card_id, event.member_id, detail, leaf),
        event.chain,
    ]
