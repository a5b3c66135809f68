# SPDX-License-Identifier: Apache-2.0
"""A card moves on in its life: allow-list, compare-and-set, and every face of it in the same transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cardservice.issuance.life_cycle import Mover, require_may_follow
from cardservice.records import cards
from cardservice.records.card_state import CardState
from cardservice.records.cards import Card
from cardservice.records.connection import Connection


def move_card(
    connection: Connection,
    card: Card,
    after: CardState,
    mover: Mover,
    at: datetime,
    *,
    through: Sequence[CardState] = (),
) -> Card:
    """Take a card from the state it is in to ``after``. Raises StateNotAllowed, or StateConflict if it moved meanwhile.

    ``through`` are states that it passes at this very moment: each step must be allowed, only the last is written.
    """
    state = card.state
    for following in (*through, after):
        require_may_follow(state, following, mover)
        state = following
    cards.set_state(connection, card.card_id, card.state, after, at)  # the faces follow
    return replace(card, state=after, updated_at=at)
