# SPDX-License-Identifier: Apache-2.0
"""GENERATE ASYMMETRIC KEY PAIR (SP 800-73 part 2, 3.3.2): the private key never leaves the card."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.p256 import checked_point
from cardservice.card_edge.piv.key_reference import Algorithm, KeyReference
from cardservice.card_edge.tlv import Tlv, find

CONTROL_TEMPLATE = 0xAC
PUBLIC_KEY_TEMPLATE = 0x7F49
POINT = 0x86
P256_CONTROL: bytes = Tlv(CONTROL_TEMPLATE, Tlv(0x80, bytes([Algorithm.ECC_P256])))


def generate_key_pair(key: KeyReference) -> CommandApdu:
    """Make a P-256 pair in one slot; under SCP03 only."""
    return CommandApdu(0x00, 0x47, 0x00, key, P256_CONTROL, SHORT_LE_MAX)


def parse_public_key(data: bytes) -> bytes:
    """The point of ``7F49 { 86 point }``, 65 bytes, known to lie on the curve. Raises MalformedTlv, UnexpectedResponse."""
    return checked_point(find(data, PUBLIC_KEY_TEMPLATE, POINT))
