# SPDX-License-Identifier: Apache-2.0
"""Answers of the population registry that a person has accepted although they differ: which answer, who, and what that person has seen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Integer, String, Table, select

from cardservice.records.columns import Choice, UtcTime, identifier, metadata, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import AlreadyAccepted
from cardservice.records.orders import MAX_PERSON


class SeenDocument(StrEnum):
    """What the person has seen. A list, and no free text: a reason in somebody's own words has names and numbers of people in it."""

    IDENTITY_CARD = "identity-card"  # KTP-el, held against the member's face
    FAMILY_CARD = "family-card"  # Kartu Keluarga
    CIVIL_RECORD = "civil-record"  # an extract of the civil registry, such as a birth certificate
    COURT_ORDER = "court-order"  # such as a change of name


population_acceptances = Table(
    "population_acceptances",
    metadata,
    identifier("member_id", primary_key=True),
    Column("answer_seq", Integer, primary_key=True, autoincrement=False),
    Column("accepted_by", String(MAX_PERSON), nullable=False),
    Column("seen", Choice(SeenDocument), nullable=False),
    Column("at", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["member_id", "answer_seq"],
        ["population_answers.member_id", "population_answers.seq"],
        name="fk_population_acceptances_answer",
    ),
    one_of("seen", SeenDocument),
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One person's word about one answer, the member's ``answer_seq``-th."""

    member_id: str
    answer_seq: int
    accepted_by: str
    seen: SeenDocument
    at: datetime


def add(connection: Connection, acceptance: Acceptance) -> None:
    """Write it down. Raises AlreadyAccepted: each answer is accepted by one person, once."""
    refused = {"pk_population_acceptances": AlreadyAccepted()}
    with refusing(connection, refused):
        connection.execute(
            population_acceptances.insert().values(
                member_id=acceptance.member_id,
                answer_seq=acceptance.answer_seq,
                accepted_by=acceptance.accepted_by,
                seen=acceptance.seen,
                at=acceptance.at,
            )
        )


def find(connection: Connection, member_id: str, answer_seq: int) -> Acceptance | None:
    """Who accepted this answer; None where nobody has."""
    table = population_acceptances.c
    row = connection.execute(
        select(population_acceptances).where(table.member_id == member_id, table.answer_seq == answer_seq)
    ).one_or_none()
    return None if row is None else Acceptance(*row)
