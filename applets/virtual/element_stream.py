# SPDX-License-Identifier: Apache-2.0
"""Data objects that arrive in pieces (ISO/IEC 7816-4, 5.2.2): which of them are whole, and what still waits for its end."""

from applets.virtual.errors import Refused
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import MAX_TAG_BYTES, Tlv, parse_all

MANY = 0x1F  # tag number bits that say: the tag goes on
FURTHER = 0x80  # a tag byte that another follows; a length of more than one byte


def whole_elements(received: bytes) -> tuple[list[Tlv], bytes]:
    """The data objects that lie whole at the front, and the rest. Raises Refused(6A80) where what lies there is none."""
    offset = 0
    while offset < len(received):
        end = _end(received, offset)
        if end is None or end > len(received):
            break
        offset = end
    try:
        return parse_all(received[:offset]), received[offset:]
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None


def _end(received: bytes, offset: int) -> int | None:
    """Where the data object that begins here will end, None while its head is not all there."""
    at = offset + 1
    if received[offset] & MANY == MANY:
        while at < min(len(received), offset + MAX_TAG_BYTES - 1) and received[at] & FURTHER:
            at += 1
        at += 1
    if at >= len(received):
        return None
    first = received[at]
    content = at + 1 + (first & ~FURTHER if first & FURTHER else 0)
    if content > len(received):
        return None
    return content + (int.from_bytes(received[at + 1 : content], "big") if first & FURTHER else first)
