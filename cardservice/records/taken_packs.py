# SPDX-License-Identifier: Apache-2.0
"""Rule packs that decided here: which document has a number, and since when it is known. Append-only: what was known once stays so (decision 0184)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Connection, Date, Integer, String, Table, select

from cardservice.records.columns import UtcTime, metadata, octets, octets_in
from cardservice.records.insert import INSERT

taken_packs = Table(
    "taken_packs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("dated", Date, nullable=False),
    octets("sha256", 32),
    Column("known_from", UtcTime, nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    octets_in("sha256", 32),
    CheckConstraint("known_from <= taken_at", name="known_in_order"),
)


@dataclass(frozen=True, slots=True)
class TakenPack:
    """One pack. ``sha256`` is over its document; ``taken_at`` when a program here first read it."""

    number: int
    name: str
    dated: date
    sha256: bytes = field(repr=False)
    known_from: datetime
    taken_at: datetime


_ADD = {
    dialect: insert(taken_packs).on_conflict_do_nothing().returning(taken_packs.c.number)
    for dialect, insert in INSERT.items()
}


def every(connection: Connection) -> tuple[TakenPack, ...]:
    """All of them, by number."""
    query = select(taken_packs).order_by(taken_packs.c.number)
    return tuple(TakenPack(**row) for row in connection.execute(query).mappings())


def add(connection: Connection, packs: Sequence[TakenPack]) -> list[TakenPack]:
    """Insert packs; those that somebody took in before stay as they are. Returns those that are new."""
    return [pack for pack in packs if connection.execute(_ADD[connection.dialect.name], asdict(pack)).first()]
