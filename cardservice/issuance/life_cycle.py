# SPDX-License-Identifier: Apache-2.0
"""The life of a card: which service state may follow which (docs/card-edge.md, "Life cycle").

Two allow-lists: what people may decide, and what may happen because a card was seen. A change that stands in neither is refused.
"""

from enum import StrEnum

from cardservice.issuance.errors import StateNotAllowed
from cardservice.records.card_state import CardState


class Mover(StrEnum):
    """Who brings a change about."""

    PEOPLE = "people"
    CARD = "card"


_BY_CARD: dict[CardState, frozenset[CardState]] = {
    CardState.STOCK: frozenset({CardState.BOUND}),
    CardState.BOUND: frozenset({CardState.PERSONALIZED, CardState.SPOILED}),
    CardState.PERSONALIZED: frozenset({CardState.ACTIVE, CardState.SPOILED}),
}
_BY_PEOPLE: dict[CardState, frozenset[CardState]] = {
    CardState.STOCK: frozenset({CardState.SPOILED, CardState.DESTROYED}),
    CardState.BOUND: frozenset({CardState.SPOILED}),
    CardState.PERSONALIZED: frozenset({CardState.SPOILED}),
    CardState.ACTIVE: frozenset({CardState.SUSPENDED, CardState.REVOKED}),
    CardState.SUSPENDED: frozenset({CardState.ACTIVE, CardState.REVOKED}),
    CardState.REVOKED: frozenset({CardState.DESTROYED}),
    CardState.SPOILED: frozenset({CardState.DESTROYED}),
}
_ALLOWED = {Mover.CARD: _BY_CARD, Mover.PEOPLE: _BY_PEOPLE}


def require_may_follow(before: CardState, after: CardState, mover: Mover) -> None:
    """Raises StateNotAllowed unless ``mover`` may take a card from one state to the other."""
    if after not in successors(before, mover):
        raise StateNotAllowed(before=before.value, after=after.value, mover=mover.value)


def successors(state: CardState, mover: Mover) -> frozenset[CardState]:
    """Every state that ``mover`` may bring about from this one; empty at the end of a life."""
    return _ALLOWED[mover].get(state, frozenset())
