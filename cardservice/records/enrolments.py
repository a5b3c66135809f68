# SPDX-License-Identifier: Apache-2.0
"""Enrolments: through whom each member came in, and for which region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, select

from cardservice.records.columns import Identifier, UtcTime, metadata
from cardservice.records.copy_rows import copy_rows
from cardservice.records.intermediaries import intermediaries

MAX_REGION = 6

enrolments = Table(
    "enrolments",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("intermediary_id", Identifier, ForeignKey("intermediaries.intermediary_id"), nullable=False),
    Column("region", String(MAX_REGION), nullable=True),
    Column("enrolled_at", UtcTime, nullable=False),
)
Index("ix_enrolments_intermediary_id", enrolments.c.intermediary_id)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One row. ``region`` as the list told it (Kemendagri district or sub-district code), None where it told none."""

    member_id: str
    intermediary_id: str
    region: str | None
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class EnrolledBy:
    """Through whom a member came in."""

    code: str
    lineage: str
    region: str | None


def add_all(connection: Connection, rows: Sequence[Enrolment]) -> None:
    """Insert many."""
    values = [(row.member_id, row.intermediary_id, row.region, row.enrolled_at) for row in rows]
    copy_rows(connection, enrolments, ("member_id", "intermediary_id", "region", "enrolled_at"), values)


def of_members(connection: Connection, member_ids: Sequence[str]) -> Mapping[str, EnrolledBy]:
    """Through whom each of these members came in. Ask for some hundreds at a time."""
    who = intermediaries.c
    query = (
        select(enrolments.c.member_id, who.code, who.lineage, enrolments.c.region)
        .join(intermediaries, who.intermediary_id == enrolments.c.intermediary_id)
        .where(enrolments.c.member_id.in_(member_ids))
    )
    return {row.member_id: EnrolledBy(row.code, row.lineage, row.region) for row in connection.execute(query)}
