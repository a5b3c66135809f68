# SPDX-License-Identifier: Apache-2.0
"""Giving a card up: an unfinished one is spoiled and its order freed for another card, a live one is revoked. Both are counted."""

from cardservice.issuance.binding import UNFINISHED
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.certification import abandon_keys
from cardservice.issuance.errors import ChipNotInStock
from cardservice.issuance.life_cycle import Mover
from cardservice.issuance.moving import move_card
from cardservice.issuance.revocation import tell_revoked
from cardservice.records import audit_events, cards, orders
from cardservice.records.audit_events import AuditEvent
from cardservice.records.card_state import CardState
from cardservice.records.cards import Card
from cardservice.records.orders import OrderState


def void_card(bureau: Bureau, *, chip_serial: str, by: str, reason: str) -> Card:
    """Spoil or revoke the card with this chip. Raises ChipNotInStock, StateNotAllowed, StateConflict; KeysNotTold once it is revoked."""
    at = bureau.now()
    with bureau.database.begin() as connection:
        card = cards.find_by_chip_serial(connection, chip_serial)
        if card is None:
            raise ChipNotInStock(chip_serial=chip_serial)
        live = card.state in {CardState.ACTIVE, CardState.SUSPENDED}
        after = CardState.REVOKED if live else CardState.SPOILED
        move_card(connection, card, after, Mover.PEOPLE, at)
        if card.state in UNFINISHED and card.order_id is not None:
            abandon_keys(connection, card.card_id)
            orders.set_state(connection, card.order_id, OrderState.BOUND, OrderState.APPROVED, at)
        detail = {"before": card.state.value, "after": after.value, "by": by, "reason": reason}
        event = AuditEvent("card.void", at, detail, card.card_id, card.member_id)
        audit_events.append(connection, [event])
        voided = cards.get(connection, card.card_id)
    if live:
        tell_revoked(bureau, voided.kdd)
    return voided
