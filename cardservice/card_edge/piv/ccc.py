# SPDX-License-Identifier: Apache-2.0
"""The card capability container, 5FC107 (SP 800-73 part 1, 3.1.1): fixed but for the card identifier."""

from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.card_edge.tlv import Tlv, parse_dict

GSC_RID = bytes.fromhex("A000000116")
MANUFACTURER_AND_TYPE = bytes.fromhex("FF02")  # manufacturer FF: none assigned; card type 02: Java Card
UNIQUE_LENGTH = 14
CARD_IDENTIFIER_LENGTH = len(GSC_RID) + len(MANUFACTURER_AND_TYPE) + UNIQUE_LENGTH
VERSION_2_1 = b"\x21"


def card_capability_container(unique: bytes) -> bytes:
    """Content of the object; ``unique`` are 14 random bytes that name this card and nothing else."""
    if len(unique) != UNIQUE_LENGTH:
        raise UnwritableContent(step="CCC", rule="a card identifier with 14 bytes of its own")
    identifier = Tlv(0xF0, GSC_RID + MANUFACTURER_AND_TYPE + unique)
    versions = Tlv(0xF1, VERSION_2_1) + Tlv(0xF2, VERSION_2_1) + Tlv(0xF3) + Tlv(0xF4, b"\x00") + Tlv(0xF5, b"\x10")
    return identifier + versions + b"".join(Tlv(tag) for tag in (0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE))


def parse_card_identifier(content: bytes) -> bytes:
    """The card identifier, F0, of 21 bytes. Raises MalformedTlv, UnexpectedResponse."""
    identifier = parse_dict(content).get(0xF0, b"")
    if len(identifier) != CARD_IDENTIFIER_LENGTH:
        raise UnexpectedResponse(step="CCC", rule="F0 with 21 bytes")
    return identifier
