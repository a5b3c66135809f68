# SPDX-License-Identifier: Apache-2.0
"""Life cycle states of card, applications and security domains (GlobalPlatform 5 and 11.1.1)."""

from enum import IntEnum

LOCKED_BIT = 0x80  # table 11-4: an application is LOCKED in whatever state it was


class CardLifeCycle(IntEnum):
    """State of the card, which is that of the issuer security domain (table 11-6)."""

    OP_READY = 0x01
    INITIALIZED = 0x07
    SECURED = 0x0F
    CARD_LOCKED = 0x7F
    TERMINATED = 0xFF

    def may_become(self, state: "CardLifeCycle") -> bool:
        """Whether SET STATUS may lead there (5.1.1 and figure 5-1): forward one step at a time, and back only out of CARD_LOCKED."""
        return state in _SUCCESSORS[self]


_SUCCESSORS = {
    CardLifeCycle.OP_READY: {CardLifeCycle.INITIALIZED, CardLifeCycle.TERMINATED},
    CardLifeCycle.INITIALIZED: {CardLifeCycle.SECURED, CardLifeCycle.TERMINATED},
    CardLifeCycle.SECURED: {CardLifeCycle.CARD_LOCKED, CardLifeCycle.TERMINATED},
    CardLifeCycle.CARD_LOCKED: {CardLifeCycle.SECURED, CardLifeCycle.TERMINATED},
    CardLifeCycle.TERMINATED: set[CardLifeCycle](),
}


class ApplicationLifeCycle(IntEnum):
    """State of an application or security domain without its lock (tables 11-4 and 11-5)."""

    INSTALLED = 0x03
    SELECTABLE = 0x07
    PERSONALIZED = 0x0F  # an application's own first state, and the security domain's


class LoadFileLifeCycle(IntEnum):
    """State of an executable load file (table 11-3)."""

    LOADED = 0x01


def locked(state: int) -> bool:
    """Whether an application's state byte says LOCKED."""
    return bool(state & LOCKED_BIT)
