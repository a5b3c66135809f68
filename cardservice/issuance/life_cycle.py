# SPDX-License-Identifier: Apache-2.0
"""The life of a card: which service state may follow which (docs/card-edge.md, "Life cycle").

Two allow-lists: what people may decide, and what may happen because a card was seen. A change that stands in neither is refused.
"""

from enum import StrEnum


class ServiceState(StrEnum):
    """Where a card stands in our books. The card's own GlobalPlatform state is a second line."""

    STOCK = "STOCK"
    BOUND = "BOUND"
    PERSONALIZED = "PERSONALIZED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    DESTROYED = "DESTROYED"
    SPOILED = "SPOILED"


class Mover(StrEnum):
    """Who brings a change about."""

    PEOPLE = "people"
    CARD = "card"


LIVE = frozenset({ServiceState.BOUND, ServiceState.PERSONALIZED, ServiceState.ACTIVE, ServiceState.SUSPENDED})

_BY_CARD: dict[ServiceState, frozenset[ServiceState]] = {
    ServiceState.STOCK: frozenset({ServiceState.BOUND}),
    ServiceState.BOUND: frozenset({ServiceState.PERSONALIZED, ServiceState.SPOILED}),
    ServiceState.PERSONALIZED: frozenset({ServiceState.ACTIVE, ServiceState.SPOILED}),
}
_BY_PEOPLE: dict[ServiceState, frozenset[ServiceState]] = {
    ServiceState.STOCK: frozenset({ServiceState.SPOILED, ServiceState.DESTROYED}),
    ServiceState.BOUND: frozenset({ServiceState.SPOILED}),
    ServiceState.PERSONALIZED: frozenset({ServiceState.SPOILED}),
    ServiceState.ACTIVE: frozenset({ServiceState.SUSPENDED, ServiceState.REVOKED}),
    ServiceState.SUSPENDED: frozenset({ServiceState.ACTIVE, ServiceState.REVOKED}),
    ServiceState.REVOKED: frozenset({ServiceState.DESTROYED}),
    ServiceState.SPOILED: frozenset({ServiceState.DESTROYED}),
}
_ALLOWED = {Mover.CARD: _BY_CARD, Mover.PEOPLE: _BY_PEOPLE}


def may_follow(before: ServiceState, after: ServiceState, mover: Mover) -> bool:
    """Whether ``mover`` may take a card from one state to the other."""
    return after in _ALLOWED[mover].get(before, frozenset())


def successors(state: ServiceState, mover: Mover) -> frozenset[ServiceState]:
    """Every state that ``mover`` may bring about from this one; empty at the end of a life."""
    return _ALLOWED[mover].get(state, frozenset())
