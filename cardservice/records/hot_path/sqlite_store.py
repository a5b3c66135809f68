# SPDX-License-Identifier: Apache-2.0
"""VerificationStore on SQLite: the same statements as on PostgreSQL, run by one writer thread."""

import asyncio
import sqlite3
from datetime import date, datetime
from typing import Any

from cardservice.records.audit_events import AuditEvent, AuditPosition
from cardservice.records.canonical_json import canonical_json
from cardservice.records.challenges import Challenge
from cardservice.records.columns import microseconds, moment
from cardservice.records.database import parse_address
from cardservice.records.hot_path.rows import (
    CHALLENGE_COLUMNS,
    EVENT_COLUMNS,
    STANDING_COLUMNS,
    VERIFICATION_COLUMNS,
    challenge_of,
    named,
    standing_of,
)
from cardservice.records.hot_path.sqlite_writer import SqliteWriter
from cardservice.records.hot_path.store import Answered, ChallengeRefusal, NotAnswered
from cardservice.records.verifications import Verification


def question_marks(count: int) -> str:
    """``?, ?, ...``: SQLite's placeholders."""
    return ", ".join("?" * count)


# The statements are built from constants of this package only.
_CREATE = f"INSERT INTO challenges ({named(CHALLENGE_COLUMNS)}) VALUES ({question_marks(len(CHALLENGE_COLUMNS))})"  # noqa: S608 - column names are constants of ours
_USE = f"""
UPDATE challenges SET used_at = :now
WHERE challenge_id = :challenge_id AND verifier_id = :verifier_id AND used_at IS NULL AND expires_at > :now
RETURNING {named(CHALLENGE_COLUMNS)}
"""  # noqa: S608 - column names are constants of ours
_STANDING = f"SELECT {named(STANDING_COLUMNS)} FROM card_standing WHERE key_thumbprint = ?"  # noqa: S608 - column names are constants of ours
_WHY_NOT = "SELECT used_at FROM challenges WHERE challenge_id = :challenge_id AND verifier_id = :verifier_id"
_KEEP = (
    f"INSERT INTO verifications ({named(VERIFICATION_COLUMNS)}) VALUES ({question_marks(len(VERIFICATION_COLUMNS))})"  # noqa: S608 - column names are constants of ours
)
MOVE = "UPDATE audit_chains SET seq = seq + 1, head = chain_hash(head, ?) WHERE chain = ? RETURNING seq, head"
EVENT = (
    f"INSERT INTO audit_events (chain, seq, head, {named(EVENT_COLUMNS)}) "  # noqa: S608 - column names are constants of ours
    f"VALUES ({question_marks(3 + len(EVENT_COLUMNS))})"
)


class SqliteStore:
    """The writer thread of one database file."""

    def __init__(self, writer: SqliteWriter) -> None:
        self._writer = writer

    async def create_challenge(self, challenge: Challenge) -> None:
        """Store a new challenge. Raises ConstraintRefused."""
        values = [_bare(getattr(challenge, name)) for name in CHALLENGE_COLUMNS]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_CREATE, values)

        await asyncio.wrap_future(self._writer.submit(work))

    async def answer(
        self, *, challenge_id: str, verifier_id: str, key_thumbprint: bytes, now: datetime
    ) -> Answered | NotAnswered:
        """Use the challenge up and read the standing."""
        asked = {"challenge_id": challenge_id, "verifier_id": verifier_id, "now": microseconds(now)}

        def work(connection: sqlite3.Connection) -> Answered | NotAnswered:
            used = connection.execute(_USE, asked).fetchall()
            if not used:
                why = connection.execute(_WHY_NOT, asked).fetchone()
                if why is None:
                    return NotAnswered(ChallengeRefusal.UNKNOWN)
                return NotAnswered(ChallengeRefusal.EXPIRED if why["used_at"] is None else ChallengeRefusal.USED)
            found = connection.execute(_STANDING, [key_thumbprint]).fetchone()
            standing = None if found is None else standing_of(_with_times(found, "updated_at"))
            challenge = _with_times(used[0], "issued_at", "expires_at", "event_at")
            return Answered(
                challenge_of(challenge | {"service_date": date.fromisoformat(challenge["service_date"])}), standing
            )

        answer: Answered | NotAnswered = await asyncio.wrap_future(self._writer.submit(work))
        return answer

    async def append(self, verification: Verification | None, event: AuditEvent) -> AuditPosition:
        """Write down what was answered, and its audit event."""
        leaf = event.leaf
        detail = canonical_json(dict(event.detail)).decode()
        told = [microseconds(event.at), event.kind, event.card_id, event.member_id, detail, leaf]
        kept = None if verification is None else _verification_values(verification, leaf)

        def work(connection: sqlite3.Connection) -> AuditPosition:
            if kept is not None:
                connection.execute(_KEEP, kept)
            ((seq, head),) = connection.execute(MOVE, [leaf, event.chain]).fetchall()
            connection.execute(EVENT, [event.chain, seq, head, *told])
            return AuditPosition(event.chain, seq)

        position: AuditPosition = await asyncio.wrap_future(self._writer.submit(work))
        return position

    async def close(self) -> None:
        """Finish what was handed over, then stop the thread."""
        await asyncio.to_thread(self._writer.close)


async def open_sqlite_store(url: str) -> SqliteStore:
    """Start the writer. Raises DatabaseUnsupported, DatabaseUnavailable."""
    path = str(parse_address(url).database)
    return SqliteStore(await asyncio.to_thread(SqliteWriter, path))


def _verification_values(verification: Verification, leaf: bytes) -> list[Any]:
    return [leaf if name == "leaf" else _bare(getattr(verification, name)) for name in VERIFICATION_COLUMNS]


def _bare(value: Any) -> Any:
    """As columns.py has SQLAlchemy store it."""
    if isinstance(value, datetime):
        return microseconds(value)
    return value.isoformat() if isinstance(value, date) else value


def _with_times(row: sqlite3.Row, *times: str) -> dict[str, Any]:
    values = dict(row)
    return values | {name: moment(values[name]) for name in times if values[name] is not None}
