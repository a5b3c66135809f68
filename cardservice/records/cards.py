# SPDX-License-Identifier: Apache-2.0
"""Cards: where each stands in its life, whose it is, and what came from the supplier.

One live card per member, and one row per chip: by constraint, so that no race and no retry makes a second.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    Row,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
    update,
)

from cardservice.records.columns import Identifier, UtcTime, identifier, metadata, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import ChipExists, MemberHasLiveCard, RecordNotFound, StateConflict
from cardservice.records.standing_follows_card import follow_card


class CardState(StrEnum):
    """The service states of docs/card-edge.md, "Life cycle", by the same names as issuance's ServiceState."""

    STOCK = "STOCK"
    BOUND = "BOUND"
    PERSONALIZED = "PERSONALIZED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    DESTROYED = "DESTROYED"
    SPOILED = "SPOILED"


LIVE = (CardState.BOUND, CardState.PERSONALIZED, CardState.ACTIVE, CardState.SUSPENDED)
_LIVE_SQL = "state IN ('BOUND', 'PERSONALIZED', 'ACTIVE', 'SUSPENDED')"

stock = Table(
    "stock",
    metadata,
    Column("chip_serial", String(64), primary_key=True),
    Column("delivery", String(64), nullable=False),
    Column("location", String(64), nullable=False),
    Column("kdd", LargeBinary, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    CheckConstraint("length(kdd) = 10", name="kdd_length"),
)

cards = Table(
    "cards",
    metadata,
    identifier("card_id", primary_key=True),
    Column("chip_serial", String(64), ForeignKey("stock.chip_serial"), nullable=False),
    Column("kdd", LargeBinary, nullable=False),
    Column("location", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("member_id", Identifier, ForeignKey("members.member_id")),
    Column("order_id", Identifier),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("chip_serial"),
    one_of("state", CardState),
    CheckConstraint("state NOT IN ('BOUND', 'PERSONALIZED', 'ACTIVE', 'SUSPENDED', 'REVOKED') OR member_id IS NOT NULL", name="bound_to_member"),
    Index("uq_cards_live_member", "member_id", unique=True, sqlite_where=text(_LIVE_SQL), postgresql_where=text(_LIVE_SQL)),
    Index("uq_cards_order_id", "order_id", unique=True, sqlite_where=text(_LIVE_SQL), postgresql_where=text(_LIVE_SQL)),
)


@dataclass(frozen=True, slots=True)
class DeliveredChip:
    """One blank chip out of a supplier's delivery, with the card identifier it gets. ``kdd``: 10 bytes of key diversification data."""

    card_id: str
    chip_serial: str
    kdd: bytes


@dataclass(frozen=True, slots=True)
class Card:
    """One card."""

    card_id: str
    chip_serial: str
    kdd: bytes
    location: str
    state: CardState
    member_id: str | None
    order_id: str | None
    created_at: datetime
    updated_at: datetime


def receive_stock(connection: Connection, delivery: str, location: str, chips: Iterable[DeliveredChip], at: datetime) -> int:
    """Take a delivery into stock, all or nothing. Returns how many. Raises ChipExists."""
    taken = 0
    for chip in chips:
        errors = {name: ChipExists(chip_serial=chip.chip_serial) for name in ("pk_stock", "uq_cards_chip_serial", "pk_cards")}
        with refusing(connection, errors):
            place = {"chip_serial": chip.chip_serial, "location": location, "kdd": chip.kdd}
            connection.execute(insert(stock).values(**place, delivery=delivery, received_at=at))
            connection.execute(
                insert(cards).values(**place, card_id=chip.card_id, state=CardState.STOCK.value, created_at=at, updated_at=at)
            )
        taken += 1
    return taken


def bind_card(connection: Connection, card_id: str, member_id: str, order_id: str, at: datetime) -> None:
    """STOCK -> BOUND, for one member and order. Raises MemberHasLiveCard, StateConflict, RecordNotFound."""
    refused = MemberHasLiveCard(member_id=member_id)
    with refusing(connection, {"uq_cards_live_member": refused, "uq_cards_order_id": refused}):
        bound = connection.execute(
            update(cards)
            .where(cards.c.card_id == card_id, cards.c.state == CardState.STOCK.value)
            .values(state=CardState.BOUND.value, member_id=member_id, order_id=order_id, updated_at=at)
        )
    if bound.rowcount != 1:
        raise _conflict(connection, card_id, CardState.STOCK)


def set_state(connection: Connection, card_id: str, from_state: str, to_state: str, at: datetime) -> None:
    """Compare and set; the standing of the card's faces follows in the same transaction (VALID only while ACTIVE).

    Whether the step is allowed is for the caller's allow-lists. States are CardState or any text of the same names. Raises StateConflict,
    RecordNotFound.
    """
    before, after = CardState(from_state), CardState(to_state)
    with refusing(connection, {"uq_cards_live_member": MemberHasLiveCard()}):
        changed = connection.execute(
            update(cards)
            .where(cards.c.card_id == card_id, cards.c.state == before.value)
            .values(state=after.value, updated_at=at)
        )
    if changed.rowcount != 1:
        raise _conflict(connection, card_id, before)
    follow_card(connection, card_id, after.value, is_valid=after is CardState.ACTIVE, at=at)


def get_card(connection: Connection, card_id: str) -> Card:
    """The card. Raises RecordNotFound."""
    row = connection.execute(select(cards).where(cards.c.card_id == card_id)).one_or_none()
    if row is None:
        raise RecordNotFound(record="card")
    return _card(row)


def find_by_chip_serial(connection: Connection, chip_serial: str) -> Card | None:
    """The card on this chip."""
    row = connection.execute(select(cards).where(cards.c.chip_serial == chip_serial)).one_or_none()
    return None if row is None else _card(row)


def find_by_kdd(connection: Connection, kdd: bytes) -> Card | None:
    """The card with these key diversification data, as its INITIALIZE UPDATE response tells them."""
    row = connection.execute(select(cards).where(cards.c.kdd == kdd)).first()
    return None if row is None else _card(row)


def cards_of_member(connection: Connection, member_id: str) -> list[Card]:
    """Every card a member has had, oldest first."""
    rows = connection.execute(select(cards).where(cards.c.member_id == member_id).order_by(cards.c.created_at, cards.c.card_id))
    return [_card(row) for row in rows]


def count_by_state(connection: Connection, location: str | None = None) -> dict[CardState, int]:
    """How many cards stand in each state, at one place or everywhere."""
    query = select(cards.c.state, func.count()).group_by(cards.c.state)
    if location is not None:
        query = query.where(cards.c.location == location)
    found = {CardState(state): number for state, number in connection.execute(query)}
    return {state: found.get(state, 0) for state in CardState}


@dataclass(frozen=True, slots=True)
class StockEquation:
    """What was received, and where it is: received = stock + live + revoked + destroyed + spoiled, always."""

    received: int
    stock: int
    live: int
    revoked: int
    destroyed: int
    spoiled: int

    @property
    def difference(self) -> int:
        """Chips that nobody can account for; 0 in a house in order."""
        return self.received - self.stock - self.live - self.revoked - self.destroyed - self.spoiled


def stock_equation(connection: Connection, location: str | None = None) -> StockEquation:
    """Count both sides, at one place or everywhere."""
    query = select(func.count()).select_from(stock)
    if location is not None:
        query = query.where(stock.c.location == location)
    by_state = count_by_state(connection, location)
    return StockEquation(
        received=connection.execute(query).scalar_one(),
        stock=by_state[CardState.STOCK],
        live=sum(by_state[state] for state in LIVE),
        revoked=by_state[CardState.REVOKED],
        destroyed=by_state[CardState.DESTROYED],
        spoiled=by_state[CardState.SPOILED],
    )


def _conflict(connection: Connection, card_id: str, expected: CardState) -> StateConflict | RecordNotFound:
    found = connection.execute(select(cards.c.state).where(cards.c.card_id == card_id)).scalar_one_or_none()
    if found is None:
        return RecordNotFound(record="card")
    return StateConflict(record="card", card_id=card_id, expected=expected.value, found=found)


def _card(row: Row[tuple[object, ...]]) -> Card:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Card(**values | {"state": CardState(values["state"])})
