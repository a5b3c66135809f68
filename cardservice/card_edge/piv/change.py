# SPDX-License-Identifier: Apache-2.0
"""CHANGE REFERENCE DATA (SP 800-73 part 2, 3.2.2), and its administrative form that sets PIN and PUK (docs/card-edge.md)."""

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.pin import pin_block, puk_block

OLD_AND_NEW = 0x00  # P1
NEW_ONLY = 0x01  # P1, ISO/IEC 7816-4, 11.5.7: under SCP03 only


def change_pin(old: bytes, new: bytes) -> CommandApdu:
    """The holder changes the PIN. Raises MalformedPin."""
    return CommandApdu(0x00, 0x24, OLD_AND_NEW, KeyReference.PIN, pin_block(old) + pin_block(new))


def change_puk(old: bytes, new: bytes) -> CommandApdu:
    """Change the PUK, knowing the old one. Raises MalformedPin."""
    return CommandApdu(0x00, 0x24, OLD_AND_NEW, KeyReference.PUK, puk_block(old) + puk_block(new))


def set_pin(new: bytes) -> CommandApdu:
    """The issuer sets the PIN and its try counter. Raises MalformedPin."""
    return CommandApdu(0x00, 0x24, NEW_ONLY, KeyReference.PIN, pin_block(new))


def set_puk(new: bytes) -> CommandApdu:
    """The issuer sets the PUK and its try counter. Raises MalformedPin."""
    return CommandApdu(0x00, 0x24, NEW_ONLY, KeyReference.PUK, puk_block(new))
