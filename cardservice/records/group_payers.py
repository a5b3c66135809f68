# SPDX-License-Identifier: Apache-2.0
"""Group payers: intermediaries that pay for a list of members in one sum; and who belongs to each group, since when and until when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, select, update

from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, one_of
from cardservice.records.errors import RecordNotFound
from cardservice.records.insert import insert_into

ROWS_PER_STATEMENT = 500


class Mismatch(StrEnum):
    """What is done with a sum that is not the bill's."""

    HOLD = "HOLD"  # it waits as the group's deposit
    REFUSE = "REFUSE"  # it is not taken


group_payers = Table(
    "group_payers",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("intermediaries.intermediary_id"), primary_key=True),
    Column("mismatch", Choice(Mismatch), nullable=False),
    Column("registered_at", UtcTime, nullable=False),
    one_of("mismatch", Mismatch),
)

group_members = Table(
    "group_members",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("group_payers.intermediary_id"), primary_key=True),
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("joined_at", UtcTime, nullable=False),
    Column("left_at", UtcTime, nullable=True),
)
Index("ix_group_members_member_id", group_members.c.member_id)


@dataclass(frozen=True, slots=True)
class GroupPayer:
    """One row."""

    intermediary_id: str
    mismatch: Mismatch
    registered_at: datetime


def register(connection: Connection, payer: GroupPayer) -> None:
    """Let an intermediary pay for groups, or change what is done with its wrong sums."""
    values = {
        "intermediary_id": payer.intermediary_id,
        "mismatch": payer.mismatch,
        "registered_at": payer.registered_at,
    }
    connection.execute(
        insert_into(connection, group_payers)
        .values(values)
        .on_conflict_do_update(index_elements=["intermediary_id"], set_={"mismatch": payer.mismatch})
    )


def lock(connection: Connection, intermediary_id: str) -> GroupPayer:
    """The payer, whose money nobody else counts until this transaction ends. Raises RecordNotFound."""
    query = select(group_payers).where(group_payers.c.intermediary_id == intermediary_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="group-payer")
    return GroupPayer(**row)


def join(connection: Connection, intermediary_id: str, member_ids: Iterable[str], at: datetime) -> None:
    """Let members belong to the group from now on. Who belongs to it already keeps the first day."""
    rows = [
        {"intermediary_id": intermediary_id, "member_id": member_id, "joined_at": at, "left_at": None}
        for member_id in sorted(set(member_ids))
    ]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        statement = insert_into(connection, group_members).values(rows[start : start + ROWS_PER_STATEMENT])
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["intermediary_id", "member_id"],
                set_={"joined_at": at, "left_at": None},
                where=group_members.c.left_at.is_not(None),
            )
        )


def leave(connection: Connection, intermediary_id: str, member_id: str, at: datetime) -> bool:
    """Let a member's time in the group end; whether it had not ended yet."""
    table = group_members
    query = update(table).where(
        table.c.intermediary_id == intermediary_id, table.c.member_id == member_id, table.c.left_at.is_(None)
    )
    return connection.execute(query.values(left_at=at)).rowcount == 1


def present(connection: Connection, intermediary_id: str) -> Sequence[str]:
    """Who belongs to the group now, by identifier."""
    table = group_members.c
    query = (
        select(table.member_id)
        .where(table.intermediary_id == intermediary_id, table.left_at.is_(None))
        .order_by(table.member_id)
    )
    return connection.execute(query).scalars().all()


def belongs(connection: Connection, intermediary_id: str, member_id: str) -> bool:
    """Whether a member belongs to the group now."""
    table = group_members.c
    query = select(table.left_at).where(table.intermediary_id == intermediary_id, table.member_id == member_id)
    row = connection.execute(query).one_or_none()
    return row is not None and row.left_at is None
