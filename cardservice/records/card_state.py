# SPDX-License-Identifier: Apache-2.0
"""The service states of a card, and which of them make a card a live one."""

from enum import StrEnum


class CardState(StrEnum):
    """Where a card stands in our books (docs/card-edge.md, "Life cycle"). ``issuance/life_cycle.py`` says what may follow what."""

    STOCK = "STOCK"
    BOUND = "BOUND"
    PERSONALIZED = "PERSONALIZED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    DESTROYED = "DESTROYED"
    SPOILED = "SPOILED"


LIVE = frozenset({CardState.BOUND, CardState.PERSONALIZED, CardState.ACTIVE, CardState.SUSPENDED})
IS_LIVE = "state IN ('ACTIVE', 'BOUND', 'PERSONALIZED', 'SUSPENDED')"  # for partial indexes
