# SPDX-License-Identifier: Apache-2.0
"""GET DATA of a PIV object (SP 800-73 part 2, 3.1.2)."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.piv.object import SELF_TAGGED
from cardservice.card_edge.tlv import Tlv, encode_tag

CONTENT = 0x53


def get_data(tag: int) -> CommandApdu:
    """Ask for an object by its tag; a long answer comes in parts (61xx)."""
    return CommandApdu(0x00, 0xCB, 0x3F, 0xFF, Tlv(0x5C, encode_tag(tag)), SHORT_LE_MAX)


def parse_get_data(tag: int, data: bytes) -> bytes:
    """The content of the object: of its 53, or of 7E and 7F61, which stand for themselves. Raises MalformedTlv, UnexpectedResponse."""
    element = Tlv.parse(data)
    if element.tag != (tag if tag in SELF_TAGGED else CONTENT):
        raise UnexpectedResponse(step="GET DATA", rule=f"object {tag:X} in its template")
    return element.value
