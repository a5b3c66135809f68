# SPDX-License-Identifier: Apache-2.0
"""``card_standing``: everything a verification needs to know of one face of a card, in one row found by one key.

A card has one row per sector, since each sector sees another key, pseudonym and status list place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    bindparam,
    select,
    update,
)

from cardservice.coverage.standing import Payer, WorkSector
from cardservice.records.card_state import CardState
from cardservice.records.columns import (
    CanonicalText,
    Choice,
    Identifier,
    ProgrammeSet,
    UtcTime,
    metadata,
    month_in,
    octets,
    octets_in,
    one_of,
)
from cardservice.records.constraints import refusing
from cardservice.records.errors import RecordNotFound, StandingConflict
from cardservice.records.paid_record import PaidRecord


class CardStatus(StrEnum):
    """What the status list tells the world: nothing finer, since a reason would be a leak."""

    VALID = "VALID"
    INVALID = "INVALID"


card_standing = Table(
    "card_standing",
    metadata,
    Column("card_id", Identifier, ForeignKey("cards.card_id"), primary_key=True),
    Column("sector", Integer, primary_key=True, autoincrement=False),
    octets("face", 16, unique=True),
    octets("key_thumbprint", 32, unique=True),
    octets("key_point", 65),
    Column("member_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("life_cycle", Choice(CardState), nullable=False),
    Column("status", Choice(CardStatus), nullable=False),
    Column("programmes", ProgrammeSet, nullable=False),
    Column("paid_through_jkk", Integer, nullable=True),
    Column("paid_through_jkm", Integer, nullable=True),
    Column("paid_through_jht", Integer, nullable=True),
    Column("paid_spans", CanonicalText, nullable=False),
    Column("work_sector", Choice(WorkSector), nullable=False),
    Column("payer", Choice(Payer), nullable=False),
    Column("full_monthly_jkk", Integer, nullable=True),
    Column("full_monthly_jht", Integer, nullable=True),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("status_list", "status_index"),
    one_of("life_cycle", CardState),
    one_of("status", CardStatus),
    one_of("work_sector", WorkSector),
    one_of("payer", Payer),
    octets_in("face", 16),
    octets_in("key_thumbprint", 32),
    octets_in("key_point", 65),
    month_in("paid_through_jkk"),
    month_in("paid_through_jkm"),
    month_in("paid_through_jht"),
    CheckConstraint("status = 'INVALID' OR life_cycle = 'ACTIVE'", name="valid_only_while_active"),
    CheckConstraint("sector BETWEEN 1 AND 255", name="sector_range"),
    CheckConstraint("status_list >= 0 AND status_index >= 0", name="status_place"),
)
Index("ix_card_standing_member_id", card_standing.c.member_id)


@dataclass(frozen=True, slots=True)
class CardStanding:
    """One face of one card. ``face`` is the pseudonym (16 bytes), ``key_thumbprint`` the RFC 7638 digest (32), ``key_point`` 65 bytes."""

    card_id: str
    sector: int
    face: bytes
    key_thumbprint: bytes
    key_point: bytes = field(repr=False)
    member_id: str
    life_cycle: CardState
    status: CardStatus
    paid: PaidRecord
    status_list: int
    status_index: int
    updated_at: datetime


_OWN = ("card_id", "sector", "face", "key_thumbprint", "key_point", "member_id", "status_list", "status_index")


# Built once: building a statement costs more than running it.
_ADD = card_standing.insert()
_OF_CARD = select(card_standing).where(card_standing.c.card_id == bindparam("card")).order_by(card_standing.c.sector)
_FOLLOW = (
    update(card_standing)
    .where(card_standing.c.card_id == bindparam("card"))
    .values(life_cycle=bindparam("stage"), status=bindparam("told"), updated_at=bindparam("at"))
)

_SET_PAID = update(card_standing).where(card_standing.c.member_id == bindparam("whose"))


def add(connection: Connection, standing: CardStanding) -> None:
    """Insert one face. Raises StandingConflict (field = face, key, status-place or sector)."""
    add_all(connection, [standing])


def add_all(connection: Connection, faces: Sequence[CardStanding]) -> None:
    """Insert faces, all or none. Raises StandingConflict as add() does."""
    if not faces:
        return
    taken = {
        "uq_card_standing_face": StandingConflict(field="face"),
        "uq_card_standing_key_thumbprint": StandingConflict(field="key"),
        "uq_card_standing_status_list_status_index": StandingConflict(field="status-place"),
        "pk_card_standing": StandingConflict(field="sector"),
    }
    with refusing(connection, taken):
        connection.execute(_ADD, [_values(face) for face in faces])


def set_paid(connection: Connection, member_id: str, paid: PaidRecord, at: datetime) -> int:
    """Write what was paid to every face of every card of a member. Returns how many rows that is."""
    return connection.execute(_SET_PAID, _paid_values(member_id, paid, at)).rowcount


def set_paid_all(connection: Connection, told: Sequence[tuple[str, PaidRecord, datetime]]) -> None:
    """As set_paid(), of different members."""
    connection.execute(_SET_PAID, [_paid_values(*each) for each in told])


def _paid_values(member_id: str, paid: PaidRecord, at: datetime) -> dict[str, Any]:
    return paid.columns() | {"updated_at": at, "whose": member_id}


def follow_card(connection: Connection, card_id: str, life_cycle: CardState, at: datetime) -> int:
    """Let every face of a card follow its life: VALID only while ACTIVE. cards.set_state() calls it, and nothing else."""
    status = CardStatus.VALID if life_cycle is CardState.ACTIVE else CardStatus.INVALID
    values = {"card": card_id, "stage": life_cycle, "told": status, "at": at}
    return connection.execute(_FOLLOW, values).rowcount


def of_card(connection: Connection, card_id: str) -> tuple[CardStanding, ...]:
    """Every face of a card, by sector."""
    return tuple(standing_of_row(row) for row in connection.execute(_OF_CARD, {"card": card_id}).mappings())


def find_by_key(connection: Connection, key_thumbprint: bytes) -> CardStanding | None:
    """The face that this key belongs to."""
    query = select(card_standing).where(card_standing.c.key_thumbprint == key_thumbprint)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else standing_of_row(row)


def get(connection: Connection, card_id: str, sector: int) -> CardStanding:
    """One face of a card. Raises RecordNotFound."""
    query = select(card_standing).where(card_standing.c.card_id == card_id, card_standing.c.sector == sector)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="standing")
    return standing_of_row(row)


def status_list(connection: Connection, number: int) -> tuple[tuple[int, CardStatus], ...]:
    """Every place taken in one status list, with its status, by index."""
    table = card_standing.c
    query = select(table.status_index, table.status).where(table.status_list == number).order_by(table.status_index)
    return tuple((row.status_index, row.status) for row in connection.execute(query))


def standing_of_row(row: Mapping[Any, Any]) -> CardStanding:
    """A row whose values are Python's already (a driver of the hot path sees to that itself)."""
    return CardStanding(
        **{name: row[name] for name in _OWN},
        life_cycle=CardState(row["life_cycle"]),
        status=CardStatus(row["status"]),
        paid=PaidRecord.of_columns(row),
        updated_at=row["updated_at"],
    )


def _values(face: CardStanding) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(face, name) for name in _OWN}
    values |= {"life_cycle": face.life_cycle, "status": face.status, "updated_at": face.updated_at}
    return values | face.paid.columns()
