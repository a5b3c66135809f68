# SPDX-License-Identifier: Apache-2.0
"""Cards: one row per chip, from stock to destruction. A member has one live card at most."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    bindparam,
    select,
    text,
    update,
)

from cardservice.records.card_state import IS_LIVE, LIVE, CardState
from cardservice.records.columns import Choice, UtcTime, identifier, metadata, octets, octets_in, one_of
from cardservice.records.constraints import refusing_one
from cardservice.records.errors import ChipExists, MemberHasLiveCard, RecordNotFound, StateConflict
from cardservice.records.standing import follow_card

KDD_LENGTH = 10  # key diversification data (Amendment D, 7.1.1.1)


__all__ = ["LIVE", "Card", "CardState", "NewCard", "cards"]

cards = Table(
    "cards",
    metadata,
    identifier("card_id", primary_key=True),
    Column("chip_serial", String(64), nullable=False, unique=True),
    # Static keys are derived from it: two chips with the same would have the same keys.
    octets("kdd", KDD_LENGTH, nullable=True, unique=True),
    Column("location", String(64), nullable=False),
    Column("state", Choice(CardState), nullable=False),
    identifier("member_id", nullable=True),
    identifier("order_id", nullable=True),
    Column("updated_at", UtcTime, nullable=False),
    ForeignKeyConstraint(["member_id", "order_id"], ["orders.member_id", "orders.order_id"]),
    one_of("state", CardState),
    octets_in("kdd", KDD_LENGTH),
    CheckConstraint("state <> 'STOCK' OR (member_id IS NULL AND order_id IS NULL)", name="stock_is_nobodys"),
    CheckConstraint(
        f"NOT ({IS_LIVE}) OR (member_id IS NOT NULL AND order_id IS NOT NULL AND kdd IS NOT NULL)",
        name="live_is_somebodys",
    ),
)

Index(
    "ux_cards_live_member",
    cards.c.member_id,
    unique=True,
    postgresql_where=text(IS_LIVE),
    sqlite_where=text(IS_LIVE),
)
Index("ix_cards_member_id", cards.c.member_id, cards.c.state)
Index("ix_cards_location_state", cards.c.location, cards.c.state)


@dataclass(frozen=True, slots=True)
class NewCard:
    """A blank card as the supplier lists it. ``kdd`` (10 bytes) where the list has it; otherwise the card says it when it is bound."""

    card_id: str
    chip_serial: str
    kdd: bytes | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One row."""

    card_id: str
    chip_serial: str
    kdd: bytes | None
    location: str
    state: CardState
    member_id: str | None
    order_id: str | None
    updated_at: datetime


# Built once: building a statement costs more than running it.
_ALL = select(*(cards.c[each.name] for each in fields(Card)))
_BY_ID = _ALL.where(cards.c.card_id == bindparam("card"))
_BY_SERIAL = _ALL.where(cards.c.chip_serial == bindparam("serial"))
_OF_ORDER = _ALL.where(cards.c.order_id == bindparam("order")).order_by(cards.c.updated_at, cards.c.card_id)
_REVOKED_AFTER = (
    select(cards.c.card_id, cards.c.kdd)
    .where(cards.c.state.in_([CardState.REVOKED, CardState.DESTROYED]), cards.c.kdd.is_not(None))
    .where(cards.c.card_id > bindparam("after"))
    .order_by(cards.c.card_id)
    .limit(bindparam("most"))
)
_ADD = cards.insert()
_BIND = (
    update(cards)
    .where(cards.c.card_id == bindparam("card"), cards.c.state == CardState.STOCK)
    .where((cards.c.kdd == bindparam("said")) | cards.c.kdd.is_(None))
    .values(
        state=CardState.BOUND,
        member_id=bindparam("member"),
        order_id=bindparam("order"),
        kdd=bindparam("said"),
        updated_at=bindparam("at"),
    )
)
_SET_STATE = (
    update(cards)
    .where(cards.c.card_id == bindparam("card"), cards.c.state == bindparam("before"))
    .values(state=bindparam("after"), updated_at=bindparam("at"))
)


def add_to_stock(connection: Connection, card: NewCard, location: str, at: datetime) -> None:
    """Insert a blank card. Raises ChipExists. Deliveries go through stock.receive()."""
    taken = ChipExists(chip_serial=card.chip_serial)
    values = {
        "card_id": card.card_id,
        "chip_serial": card.chip_serial,
        "kdd": card.kdd,
        "location": location,
        "state": CardState.STOCK,
        "updated_at": at,
    }
    with refusing_one(connection, dict.fromkeys(("uq_cards_chip_serial", "uq_cards_kdd", "pk_cards"), taken)):
        connection.execute(_ADD, values)


def bind(connection: Connection, card_id: str, *, member_id: str, order_id: str, kdd: bytes, at: datetime) -> None:
    """STOCK to BOUND: this blank card is for this order, recorded before the first write to it.

    Raises StateConflict, MemberHasLiveCard, ChipExists where another chip has this ``kdd``, RecordNotFound.
    """
    refused = {
        "ux_cards_live_member": MemberHasLiveCard(member_id=member_id),
        "uq_cards_kdd": ChipExists(chip_serial=f"KDD {kdd.hex().upper()}"),
    }
    values = {"card": card_id, "member": member_id, "order": order_id, "said": kdd, "at": at}
    with refusing_one(connection, refused):
        done = connection.execute(_BIND, values)
    if done.rowcount != 1:
        _raise_conflict(connection, card_id, CardState.STOCK)


def set_state(connection: Connection, card_id: str, before: str, after: str, at: datetime) -> None:
    """Compare and set, without judging whether ``after`` may follow. Takes any enumeration with these names.

    Every face of the card follows in the same transaction: its status is VALID only while the card is ACTIVE.
    Raises StateConflict, MemberHasLiveCard, RecordNotFound.
    """
    values = {"card": card_id, "before": before, "after": after, "at": at}
    with refusing_one(connection, {"ux_cards_live_member": MemberHasLiveCard(card_id=card_id)}):
        done = connection.execute(_SET_STATE, values)
    if done.rowcount != 1:
        _raise_conflict(connection, card_id, before)
    follow_card(connection, card_id, CardState(after), at)


def get(connection: Connection, card_id: str) -> Card:
    """One card. Raises RecordNotFound."""
    row = connection.execute(_BY_ID, {"card": card_id}).one_or_none()
    if row is None:
        raise RecordNotFound(record="card")
    return Card(*row)


def find_by_chip_serial(connection: Connection, chip_serial: str) -> Card | None:
    """The card with this chip."""
    row = connection.execute(_BY_SERIAL, {"serial": chip_serial}).one_or_none()
    return None if row is None else Card(*row)


def find_by_kdd(connection: Connection, kdd: bytes) -> Card | None:
    """The card with this key diversification data."""
    row = connection.execute(select(cards).where(cards.c.kdd == kdd)).mappings().one_or_none()
    return None if row is None else Card(**row)


def live_of_member(connection: Connection, member_id: str) -> Card | None:
    """The member's live card; there is one at most."""
    query = select(cards).where(cards.c.member_id == member_id, cards.c.state.in_(sorted(LIVE)))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Card(**row)


def of_member(connection: Connection, member_id: str) -> tuple[Card, ...]:
    """Every card that was ever bound to the member."""
    query = select(cards).where(cards.c.member_id == member_id).order_by(cards.c.updated_at, cards.c.card_id)
    return tuple(Card(**row) for row in connection.execute(query).mappings())


def revoked_after(connection: Connection, card_id: str, most: int) -> list[tuple[str, bytes]]:
    """(card_id, KDD) of revoked cards and of those destroyed since, in the order of their ids, from behind ``card_id``."""
    rows = connection.execute(_REVOKED_AFTER, {"after": card_id, "most": most})
    return [(found, kdd) for found, kdd in rows]


def of_order(connection: Connection, order_id: str) -> tuple[Card, ...]:
    """Every card that was bound for the order: one, and those that were spoiled before it."""
    return tuple(Card(*row) for row in connection.execute(_OF_ORDER, {"order": order_id}))


def _raise_conflict(connection: Connection, card_id: str, expected: str) -> None:
    raise StateConflict(record="card", expected=str(expected), found=get(connection, card_id).state.value)
