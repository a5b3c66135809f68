# SPDX-License-Identifier: Apache-2.0
"""The personalization journal: what was intended and what came of it, per card, append-only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, ForeignKey, Integer, String, Table, bindparam, func, select

from cardservice.records.canonical_json import Json
from cardservice.records.columns import CanonicalText, Choice, Identifier, UtcTime, identifier, metadata, one_of
from cardservice.records.constraints import refusing_one
from cardservice.records.errors import JournalConflict

MAX_STEP = 64


class Phase(StrEnum):
    """An intent is written before the card hears of it, the outcome after it answered."""

    INTENT = "INTENT"
    OUTCOME = "OUTCOME"


journal = Table(
    "journal",
    metadata,
    Column("card_id", Identifier, ForeignKey("cards.card_id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    identifier("order_id"),
    Column("step", String(MAX_STEP), nullable=False),
    Column("phase", Choice(Phase), nullable=False),
    Column("detail", CanonicalText, nullable=False),
    Column("at", UtcTime, nullable=False),
    one_of("phase", Phase),
)


# Built once: building a statement costs more than running it.
_NEXT = select(func.coalesce(func.max(journal.c.seq), 0) + 1).where(journal.c.card_id == bindparam("card"))
_APPEND = journal.insert().values(seq=_NEXT.scalar_subquery()).returning(journal.c.seq)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line; ``seq`` counts from 1 per card. ``detail`` holds hashes and counts, never a key, PIN or name."""

    card_id: str
    seq: int
    order_id: str
    step: str
    phase: Phase
    detail: Json
    at: datetime


def append(
    connection: Connection, card_id: str, *, order_id: str, step: str, phase: Phase, detail: Json, at: datetime
) -> JournalEntry:
    """Write the next line of a card. Raises JournalConflict if somebody else writes on the same card just now."""
    values: dict[str, Json | Phase | datetime] = {
        "card": card_id,
        "card_id": card_id,
        "order_id": order_id,
        "step": step,
        "phase": phase,
        "detail": detail,
        "at": at,
    }
    with refusing_one(connection, {"pk_journal": JournalConflict(card_id=card_id)}):
        seq = connection.execute(_APPEND, values).scalar_one()
    return JournalEntry(card_id, seq, order_id, step, phase, detail, at)


def of_card(connection: Connection, card_id: str, order_id: str | None = None) -> tuple[JournalEntry, ...]:
    """Every line of a card, or of one order on it, in order."""
    query = select(journal).where(journal.c.card_id == card_id).order_by(journal.c.seq)
    if order_id is not None:
        query = query.where(journal.c.order_id == order_id)
    return tuple(JournalEntry(**row) for row in connection.execute(query).mappings())
