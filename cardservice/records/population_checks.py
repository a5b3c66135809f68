# SPDX-License-Identifier: Apache-2.0
"""What the population registry says of each member: where the question stands, and every answer's verdicts. The raw answer is never kept.

A question that is due is claimed for a while before it is asked, so that two runs at once never ask for one member; a claim that nobody
settles runs out. New data take the claim away, so that an answer about old data counts for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    func,
    select,
    update,
)

from cardservice.records.canonical_json import Json
from cardservice.records.columns import (
    CanonicalText,
    Choice,
    Identifier,
    UtcTime,
    identifier,
    metadata,
    octets,
    octets_in,
    one_of,
)
from cardservice.records.copy_rows import copy_rows

EVIDENCE_LENGTH = 16  # of a blind index


class PopulationState(StrEnum):
    """Where a member stands with the population registry."""

    PROVISIONAL = "PROVISIONAL"  # asked, or to be asked
    VERIFIED = "VERIFIED"
    MISMATCH = "MISMATCH"


population_checks = Table(
    "population_checks",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("state", Choice(PopulationState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=True),
    identifier("claim_id", nullable=True),
    Column("claimed_until", UtcTime, nullable=True),
    Column("updated_at", UtcTime, nullable=False),
    one_of("state", PopulationState),
    CheckConstraint("(state = 'PROVISIONAL') = (due_at IS NOT NULL)", name="provisional_is_due"),
    CheckConstraint("(claim_id IS NULL) = (claimed_until IS NULL)", name="claims_run_out"),
    CheckConstraint("claim_id IS NULL OR state = 'PROVISIONAL'", name="only_the_provisional_are_claimed"),
    CheckConstraint("attempts >= 0", name="attempts_not_negative"),
)
Index("ix_population_checks_due_at", population_checks.c.due_at)

population_answers = Table(
    "population_answers",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("state", Choice(PopulationState), nullable=False),
    Column("verdicts", CanonicalText, nullable=False),
    octets("evidence", EVIDENCE_LENGTH),
    Column("at", UtcTime, nullable=False),
    one_of("state", PopulationState),
    octets_in("evidence", EVIDENCE_LENGTH),
)


@dataclass(frozen=True, slots=True)
class PopulationCheck:
    """Where one member's question stands. ``attempts`` counts those that got no answer since it was opened."""

    member_id: str
    state: PopulationState
    attempts: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class PopulationAnswer:
    """One answer: per element ``{"match": bool, "score": 0-100 or null}``, and a keyed fingerprint of the answer as it came."""

    state: PopulationState
    verdicts: Mapping[str, Json]
    evidence: bytes
    at: datetime


def open_all(connection: Connection, member_ids: Sequence[str], at: datetime) -> None:
    """Open the question for newcomers: due at once."""
    rows = [(member_id, PopulationState.PROVISIONAL, 0, at, at) for member_id in member_ids]
    copy_rows(connection, population_checks, ("member_id", "state", "attempts", "due_at", "updated_at"), rows)


def reopen(connection: Connection, member_id: str, at: datetime) -> None:
    """Ask again, whatever was answered: the member's data are new, or somebody has a reason. Takes away a claim."""
    fresh = {"attempts": 0, "due_at": at, "claim_id": None, "claimed_until": None, "updated_at": at}
    again = update(population_checks).where(population_checks.c.member_id == member_id)
    if connection.execute(again.values(state=PopulationState.PROVISIONAL, **fresh)).rowcount == 0:
        open_all(connection, [member_id], at)


def get(connection: Connection, member_id: str) -> PopulationCheck | None:
    """Where a member's question stands; None where none was ever opened."""
    table = population_checks.c
    query = select(table.member_id, table.state, table.attempts, table.due_at).where(table.member_id == member_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else PopulationCheck(*row)


def answers(connection: Connection, member_id: str) -> tuple[PopulationAnswer, ...]:
    """Every answer about a member, in order."""
    table = population_answers.c
    query = select(table.state, table.verdicts, table.evidence, table.at).where(table.member_id == member_id)
    return tuple(PopulationAnswer(*row) for row in connection.execute(query.order_by(table.seq)))


def last_answer(connection: Connection, member_id: str) -> tuple[int, PopulationState] | None:
    """Number and state of the latest answer about a member; None where there is none."""
    table = population_answers.c
    query = select(table.seq, table.state).where(table.member_id == member_id).order_by(table.seq.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.seq, row.state)


def claim(
    connection: Connection, *, claim_id: str, now: datetime, until: datetime, limit: int
) -> tuple[PopulationCheck, ...]:
    """Claim the questions that are longest due and that nobody holds: until they are settled, or until ``until``."""
    table = population_checks.c
    free = (table.claim_id.is_(None)) | (table.claimed_until <= now)
    due = select(table.member_id).where(table.due_at <= now, free).order_by(table.due_at, table.member_id)
    chosen = due.limit(limit).with_for_update(skip_locked=True)
    taken = (
        update(population_checks)
        .where(table.member_id.in_(chosen.scalar_subquery()))
        .values(claim_id=claim_id, claimed_until=until, updated_at=now)
        .returning(table.member_id, table.state, table.attempts, table.due_at)
    )
    return tuple(PopulationCheck(*row) for row in connection.execute(taken))


def claim_of(
    connection: Connection, member_ids: Sequence[str], *, claim_id: str, now: datetime, until: datetime
) -> tuple[PopulationCheck, ...]:
    """As claim(), of these members: those that are due and that nobody holds. Ask for some hundreds at a time."""
    table = population_checks.c
    free = (table.claim_id.is_(None)) | (table.claimed_until <= now)
    due = select(table.member_id).where(table.member_id.in_(member_ids), table.due_at <= now, free)
    chosen = due.order_by(table.member_id).with_for_update(skip_locked=True)
    taken = (
        update(population_checks)
        .where(table.member_id.in_(chosen.scalar_subquery()))
        .values(claim_id=claim_id, claimed_until=until, updated_at=now)
        .returning(table.member_id, table.state, table.attempts, table.due_at)
    )
    return tuple(PopulationCheck(*row) for row in connection.execute(taken))


def release(connection: Connection, claim_id: str, member_ids: Sequence[str], at: datetime) -> int:
    """Give up what of these is still claimed under this claim, so that others may ask at once; returns how many."""
    table = population_checks.c
    mine = update(population_checks).where(table.member_id.in_(member_ids), table.claim_id == claim_id)
    return connection.execute(mine.values(claim_id=None, claimed_until=None, updated_at=at)).rowcount


def due(connection: Connection, now: datetime, limit: int) -> tuple[str, ...]:
    """Who is due and held by nobody, longest due first, at most ``limit``."""
    table = population_checks.c
    free = (table.claim_id.is_(None)) | (table.claimed_until <= now)
    query = select(table.member_id).where(table.due_at <= now, free).order_by(table.due_at, table.member_id)
    return tuple(connection.execute(query.limit(limit)).scalars())


def settle(connection: Connection, member_id: str, claim_id: str, answer: PopulationAnswer) -> bool:
    """Write an answer down; False, and nothing written, where the claim is gone: others asked meanwhile, or the data are new."""
    settled = {"state": answer.state, "attempts": 0, "due_at": None}
    if not _end_claim(connection, member_id, claim_id, settled, answer.at):
        return False
    table = population_answers
    last = select(func.coalesce(func.max(table.c.seq), 0)).where(table.c.member_id == member_id)
    connection.execute(
        table.insert().values(
            member_id=member_id,
            seq=connection.execute(last).scalar_one() + 1,
            state=answer.state,
            verdicts=dict(answer.verdicts),
            evidence=answer.evidence,
            at=answer.at,
        )
    )
    return True


def postpone(
    connection: Connection, member_id: str, claim_id: str, *, attempts: int, due_at: datetime, at: datetime
) -> bool:
    """No answer came: ask again later. False where the claim is gone."""
    return _end_claim(connection, member_id, claim_id, {"attempts": attempts, "due_at": due_at}, at)


def count_due(connection: Connection, now: datetime, member_ids: Sequence[str] | None = None) -> int:
    """How many questions are due now, held or not; of these members only, where some are given."""
    query = select(func.count()).select_from(population_checks).where(population_checks.c.due_at <= now)
    if member_ids is not None:
        query = query.where(population_checks.c.member_id.in_(member_ids))
    return int(connection.execute(query).scalar_one())


def _end_claim(
    connection: Connection, member_id: str, claim_id: str, values: Mapping[str, object], at: datetime
) -> bool:
    table = population_checks.c
    mine = update(population_checks).where(table.member_id == member_id, table.claim_id == claim_id)
    ended = {**values, "claim_id": None, "claimed_until": None, "updated_at": at}
    return connection.execute(mine.values(ended)).rowcount == 1
