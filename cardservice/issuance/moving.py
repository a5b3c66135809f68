# SPDX-License-Identifier: Apache-2.0
"""A card moves on in its life: allow-list, compare-and-set, and every face of it in the same transaction."""

from datetime import datetime

from cardservice.issuance.life_cycle import Mover, require_may_follow
from cardservice.records import cards, standing
from cardservice.records.card_state import CardState
from cardservice.records.cards import Card
from cardservice.records.connection import Connection


def move_card(connection: Connection, card: Card, after: CardState, mover: Mover, at: datetime) -> Card:
    """Take a card from the state it is in to the next. Raises StateNotAllowed, or StateConflict if it moved meanwhile."""
    require_may_follow(card.state, after, mover)
    cards.set_state(connection, card.card_id, card.state, after, at)
    standing.follow_card(connection, card.card_id, after, at)
    return cards.get(connection, card.card_id)
