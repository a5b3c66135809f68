# SPDX-License-Identifier: Apache-2.0
"""The cover proofs that were signed for a card, so that a resumed personalization writes the same bytes again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    bindparam,
    func,
    select,
)

from cardservice.records.columns import Identifier, UtcTime, metadata
from cardservice.records.constraints import refusing

MAX_PROOF = 231  # docs/card-edge.md: it fits the SELECT response in one short APDU

cover_proofs = Table(
    "cover_proofs",
    metadata,
    Column("card_id", Identifier, ForeignKey("cards.card_id"), primary_key=True),
    Column("sector", Integer, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("proof", LargeBinary, nullable=False),
    Column("signed_at", UtcTime, nullable=False),
    CheckConstraint("sector BETWEEN 1 AND 255", name="sector_range"),
    CheckConstraint(f"length(proof) BETWEEN 1 AND {MAX_PROOF}", name="proof_length"),
)


@dataclass(frozen=True, slots=True)
class CoverProofRow:
    """One row; ``proof`` is the CWT."""

    card_id: str
    sector: int
    generation: int
    proof: bytes = field(repr=False)
    signed_at: datetime


# Built once: building a statement costs more than running it.
_ADD = cover_proofs.insert()
_GENERATIONS = (
    select(cover_proofs.c.sector, func.max(cover_proofs.c.generation))
    .where(cover_proofs.c.card_id == bindparam("card"))
    .group_by(cover_proofs.c.sector)
)


def add(connection: Connection, *, card_id: str, sector: int, proof: bytes, at: datetime) -> CoverProofRow:
    """Keep a newly signed proof as the sector's next generation."""
    query = select(func.max(cover_proofs.c.generation)).where(
        cover_proofs.c.card_id == card_id, cover_proofs.c.sector == sector
    )
    row = CoverProofRow(card_id, sector, (connection.scalar(query) or 0) + 1, proof, at)
    with refusing(connection, {}):
        connection.execute(
            cover_proofs.insert().values(
                card_id=card_id, sector=sector, generation=row.generation, proof=proof, signed_at=at
            )
        )
    return row


def add_all(connection: Connection, card_id: str, proofs: Mapping[int, bytes], *, at: datetime) -> None:
    """Keep newly signed proofs of one card, by sector, as each sector's next generation; all or none."""
    if not proofs:
        return
    found = connection.execute(_GENERATIONS, {"card": card_id}).all()
    newest = {row[0]: row[1] for row in found}
    added = [
        {
            "card_id": card_id,
            "sector": sector,
            "generation": newest.get(sector, 0) + 1,
            "proof": proof,
            "signed_at": at,
        }
        for sector, proof in proofs.items()
    ]
    with refusing(connection, {}):
        connection.execute(_ADD, added)


def latest(connection: Connection, card_id: str, sector: int) -> CoverProofRow | None:
    """The proof that was signed last for one sector of a card."""
    query = (
        select(cover_proofs)
        .where(cover_proofs.c.card_id == card_id, cover_proofs.c.sector == sector)
        .order_by(cover_proofs.c.generation.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else CoverProofRow(**row)
