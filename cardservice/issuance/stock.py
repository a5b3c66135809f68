# SPDX-License-Identifier: Apache-2.0
"""Blank cards coming in by a supplier's list, and the equation that must always hold."""

from collections.abc import Iterable

from cardservice.issuance.bureau import Bureau
from cardservice.records import audit_events, stock
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.cards import NewCard
from cardservice.records.stock import StockCount


def receive_chips(bureau: Bureau, *, location: str, chip_serials: Iterable[str]) -> int:
    """Write down a delivery; returns how many chips. All or none: raises ChipExists for one that came in before."""
    at = bureau.now()
    delivered = [NewCard(bureau.identifier(), serial) for serial in chip_serials]
    with bureau.database.begin() as connection:
        received = stock.receive(connection, location, delivered, at)
        detail: dict[str, Json] = {"location": location, "chips": received}
        audit_events.append(connection, [AuditEvent("stock.received", at, detail)])
    return received


def count_stock(bureau: Bureau, location: str | None = None) -> StockCount:
    """Both sides of the stock equation."""
    with bureau.database.read() as connection:
        return stock.count(connection, location)
