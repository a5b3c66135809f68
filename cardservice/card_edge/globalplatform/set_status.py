# SPDX-License-Identifier: Apache-2.0
"""SET STATUS (GlobalPlatform 11.10): life cycle of card and applications."""

from enum import IntEnum

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.globalplatform.life_cycle import LOCKED_BIT, CardLifeCycle


class StatusType(IntEnum):
    """P1, table 11-86."""

    CARD = 0x80  # the issuer security domain
    APPLICATION = 0x40  # or supplementary security domain
    SECURITY_DOMAIN_AND_APPLICATIONS = 0x60


def set_card_status(state: CardLifeCycle) -> CommandApdu:
    """Move the card to another life cycle state."""
    return CommandApdu(0x80, 0xF0, StatusType.CARD, state)


def set_application_status(aid: bytes, state: int, *, whole_domain: bool = False) -> CommandApdu:
    """Set an application's state; ``whole_domain`` takes all applications of a security domain along."""
    kind = StatusType.SECURITY_DOMAIN_AND_APPLICATIONS if whole_domain else StatusType.APPLICATION
    return CommandApdu(0x80, 0xF0, kind, state, aid)


def lock_application(aid: bytes) -> CommandApdu:
    """Lock an application: bit 8 alone matters (11.10.2.2)."""
    return set_application_status(aid, LOCKED_BIT)


def unlock_application(aid: bytes) -> CommandApdu:
    """Unlock an application; it returns to the state it had."""
    return set_application_status(aid, 0x00)
