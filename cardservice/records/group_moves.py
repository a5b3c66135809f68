# SPDX-License-Identifier: Apache-2.0
"""Months that moved from a leaver to a joiner, and the request of each move as it was asked. Append-only."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
    select,
)

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, month_in, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import IdempotencyConflict
from cardservice.records.group_bills import MAX_GROUP_REFERENCE
from cardservice.records.orders import MAX_PERSON
from cardservice.records.payments import MAX_REASON

group_moves = Table(
    "group_moves",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("group_payers.intermediary_id"), primary_key=True),
    Column("move_id", Identifier, primary_key=True),
    Column("programme", Choice(Programme), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("reference", String(MAX_GROUP_REFERENCE), nullable=False),
    Column("leaver_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("joiner_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("source_payment_id", Identifier, nullable=False),
    Column("joiner_payment_id", Identifier, nullable=False),
    Column("rupiah", BigInteger, nullable=False),
    Column("moved_by", String(MAX_PERSON), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("moved_at", UtcTime, nullable=False),
    UniqueConstraint("intermediary_id", "reference", "programme", "month"),
    one_of("programme", Programme),
    month_in("month"),
    CheckConstraint("leaver_id <> joiner_id", name="two_sided"),
    CheckConstraint("rupiah > 0", name="rupiah_positive"),
)

group_move_requests = Table(
    "group_move_requests",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("group_payers.intermediary_id"), primary_key=True),
    Column("reference", String(MAX_GROUP_REFERENCE), primary_key=True),
    Column("move_id", Identifier, nullable=False),
    Column("leaver_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("joiner_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("first_month", Integer, nullable=False),
    Column("asked_by", String(MAX_PERSON), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    UniqueConstraint("intermediary_id", "move_id"),
    month_in("first_month"),
)


@dataclass(frozen=True, slots=True)
class GroupMove:
    """One month of one programme that moved from one payment to another. The rows of one ``move_id`` are one move."""

    intermediary_id: str
    move_id: str
    programme: Programme
    month: ContributionMonth
    reference: str
    leaver_id: str
    joiner_id: str
    source_payment_id: str
    joiner_payment_id: str
    rupiah: int
    moved_by: str
    reason: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class GroupMoveRequest:
    """What was asked under a reference: all of the leaver's months from ``first_month`` on."""

    intermediary_id: str
    reference: str
    move_id: str
    leaver_id: str
    joiner_id: str
    first_month: ContributionMonth
    asked_by: str
    reason: str
    asked_at: datetime


def add_request(connection: Connection, request: GroupMoveRequest) -> None:
    """Insert what was asked. Raises IdempotencyConflict for a reference that was used at this very moment."""
    taken = {"pk_group_move_requests": IdempotencyConflict(idempotency_key=request.reference)}
    with refusing(connection, taken):
        connection.execute(
            group_move_requests.insert().values(asdict(request) | {"first_month": request.first_month.number})
        )


def find_request(connection: Connection, intermediary_id: str, reference: str) -> GroupMoveRequest | None:
    """What a group asked under a reference."""
    table = group_move_requests.c
    query = select(group_move_requests).where(table.intermediary_id == intermediary_id, table.reference == reference)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return GroupMoveRequest(**dict(row) | {"first_month": ContributionMonth.from_number(row["first_month"])})


def add_moves(connection: Connection, moves: Sequence[GroupMove]) -> None:
    """Insert the rows of one move, whose request is there already."""
    connection.execute(group_moves.insert(), [asdict(each) | {"month": each.month.number} for each in moves])


def moves_of(connection: Connection, request: GroupMoveRequest) -> tuple[GroupMove, ...]:
    """The rows of a move, by month."""
    table = group_moves.c
    query = (
        select(group_moves)
        .where(table.intermediary_id == request.intermediary_id, table.move_id == request.move_id)
        .order_by(table.month, table.programme)
    )
    return tuple(
        GroupMove(**dict(row) | {"month": ContributionMonth.from_number(row["month"])})
        for row in connection.execute(query).mappings()
    )
