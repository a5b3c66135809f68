# SPDX-License-Identifier: Apache-2.0
"""Blank cards that came in, per location, and the stock equation that must always hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, case, func, select

from cardservice.records.cards import LIVE, CardState, NewCard, add_to_stock, cards
from cardservice.records.columns import UtcTime, metadata
from cardservice.records.constraints import refusing
from cardservice.records.errors import ChipExists

MAX_CHIP_SERIAL = 64
MAX_LOCATION = 64

stock_deliveries = Table(
    "stock_deliveries",
    metadata,
    Column("chip_serial", String(MAX_CHIP_SERIAL), primary_key=True),
    Column("location", String(MAX_LOCATION), nullable=False, index=True),
    Column("received_at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StockCount:
    """Both sides of the stock equation, counted from different tables."""

    received: int
    stock: int
    live: int
    revoked: int
    destroyed: int
    spoiled: int

    @property
    def accounted(self) -> int:
        """The sum of where cards are."""
        return self.stock + self.live + self.revoked + self.destroyed + self.spoiled

    @property
    def missing(self) -> int:
        """Cards that came in and are nowhere; negative for cards that nobody delivered. Zero where the books are right."""
        return self.received - self.accounted


def receive(connection: Connection, location: str, delivered: Iterable[NewCard], at: datetime) -> int:
    """Write down blank cards that came in: the delivery, and each card in STOCK. Returns how many. Raises ChipExists."""
    received = 0
    for card in delivered:
        with refusing(connection, {"pk_stock_deliveries": ChipExists(chip_serial=card.chip_serial)}):
            connection.execute(
                stock_deliveries.insert().values(chip_serial=card.chip_serial, location=location, received_at=at)
            )
        add_to_stock(connection, card, location, at)
        received += 1
    return received


def count(connection: Connection, location: str | None = None) -> StockCount:
    """Count one location, or all. A card keeps the location that it was delivered to."""
    incoming = select(func.count()).select_from(stock_deliveries)
    present = select(
        *(func.count(case((cards.c.state.in_(states), 1))).label(name) for name, states in _PLACES.items())
    )
    if location is not None:
        incoming = incoming.where(stock_deliveries.c.location == location)
        present = present.where(cards.c.location == location)
    return StockCount(received=connection.scalar(incoming) or 0, **connection.execute(present).mappings().one())


_PLACES = {
    "stock": [CardState.STOCK],
    "live": sorted(LIVE),
    "revoked": [CardState.REVOKED],
    "destroyed": [CardState.DESTROYED],
    "spoiled": [CardState.SPOILED],
}
