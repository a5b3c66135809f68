# SPDX-License-Identifier: Apache-2.0
"""VerificationStore on PostgreSQL, over asyncpg: each call is one statement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from cardservice.records.audit_events import AuditEvent, AuditPosition
from cardservice.records.canonical_json import canonical_json
from cardservice.records.challenges import Challenge
from cardservice.records.hot_path.postgresql_pool import open_pool, translated
from cardservice.records.hot_path.rows import (
    CHALLENGE_COLUMNS,
    EVENT_COLUMNS,
    STANDING_COLUMNS,
    VERIFICATION_COLUMNS,
    challenge_of,
    named,
    places,
    standing_of,
)
from cardservice.records.hot_path.store import Answered, ChallengeRefusal, NotAnswered
from cardservice.records.verifications import Verification

MAX_CONNECTIONS = 8


# The statements are built from constants of this package only.
_CREATE = f"INSERT INTO challenges ({named(CHALLENGE_COLUMNS)}) VALUES ({places(1, len(CHALLENGE_COLUMNS))})"  # noqa: S608 - column names are constants of ours
# A second caller waits for the row, then sees used_at and updates nothing (READ COMMITTED re-checks the predicate).
_ANSWER = f"""
WITH used AS (
  UPDATE challenges SET used_at = $4
  WHERE challenge_id = $1 AND verifier_id = $2 AND used_at IS NULL AND expires_at > $4
  RETURNING {named(CHALLENGE_COLUMNS)})
SELECT {named(CHALLENGE_COLUMNS, "used")}, {named(STANDING_COLUMNS, "standing")}
FROM used LEFT JOIN card_standing AS standing ON standing.key_thumbprint = $3
"""  # noqa: S608 - column names are constants of ours
_WHY_NOT = "SELECT used_at IS NOT NULL AS used FROM challenges WHERE challenge_id = $1 AND verifier_id = $2"
_EVENT = f"""
moved AS (
  UPDATE audit_chains SET seq = seq + 1, head = sha256('\\x02'::bytea || head || $6) WHERE chain = $7 RETURNING seq, head)
INSERT INTO audit_events (chain, seq, head, {named(EVENT_COLUMNS)})
SELECT $7, moved.seq, moved.head, $1, $2, $3, $4, $5, $6 FROM moved RETURNING seq
"""  # noqa: S608 - column names are constants of ours
_APPEND_EVENT = f"WITH {_EVENT}"
_APPEND_BOTH = f"""
WITH kept AS (
  INSERT INTO verifications ({named(VERIFICATION_COLUMNS)}) VALUES ({places(8, len(VERIFICATION_COLUMNS))})),
{_EVENT}"""  # noqa: S608 - column names are constants of ours


class PostgresqlStore:
    """A pool of connections."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def create_challenge(self, challenge: Challenge) -> None:
        """Store a new challenge. Raises ConstraintRefused."""
        values = [getattr(challenge, name) for name in CHALLENGE_COLUMNS]
        async with self._connection() as connection:
            await connection.execute(_CREATE, *values)

    async def answer(
        self, *, challenge_id: str, verifier_id: str, key_thumbprint: bytes, now: datetime
    ) -> Answered | NotAnswered:
        """Use the challenge up and read the standing."""
        async with self._connection() as connection:
            row = await connection.fetchrow(_ANSWER, challenge_id, verifier_id, key_thumbprint, now)
            if row is not None:
                return Answered(challenge_of(row), standing_of(row))
            why = await connection.fetchrow(_WHY_NOT, challenge_id, verifier_id)
        if why is None:
            return NotAnswered(ChallengeRefusal.UNKNOWN)
        return NotAnswered(ChallengeRefusal.USED if why["used"] else ChallengeRefusal.EXPIRED)

    async def append(self, verification: Verification | None, event: AuditEvent) -> AuditPosition:
        """Write down what was answered, and its audit event."""
        leaf = event.leaf
        detail = canonical_json(dict(event.detail)).decode()
        values = [event.at, event.kind, event.card_id, event.member_id, detail, leaf, event.chain]
        statement = _APPEND_EVENT
        if verification is not None:
            statement = _APPEND_BOTH
            values += [leaf if name == "leaf" else getattr(verification, name) for name in VERIFICATION_COLUMNS]
        async with self._connection() as connection:
            return AuditPosition(event.chain, await connection.fetchval(statement, *values))

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with translated(self._pool) as connection:
            yield connection


async def open_postgresql_store(url: str) -> PostgresqlStore:
    """Connect. Raises DatabaseUnsupported, DatabaseUnavailable."""
    return PostgresqlStore(await open_pool(url, most=MAX_CONNECTIONS, settings={}))
