# SPDX-License-Identifier: Apache-2.0
"""GET DATA of PIV objects (SP 800-73 part 2, 3.1.2; several at once as ISO/IEC 7816-4 has tag lists)."""

from collections.abc import Sequence

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.card_edge.piv.object import SELF_TAGGED
from cardservice.card_edge.tlv import Tlv, encode_tag, parse_all

CONTENT = 0x53
TAG_LIST = 0x5C
LIST_MAX = 16  # tags of one list (docs/card-edge.md, decision 0093)


def get_data(tag: int) -> CommandApdu:
    """Ask for an object by its tag; a long answer comes in parts (61xx)."""
    return get_data_list([tag])


def get_data_list(tags: Sequence[int]) -> CommandApdu:
    """Ask for 1 to 16 objects at once. Beyond the standard, which has one tag: a card may refuse it by 6A80, 6A82 or 6A88."""
    if not 1 <= len(tags) <= LIST_MAX:
        raise UnwritableContent(step="GET DATA", rule=f"1 to {LIST_MAX} tags")
    return CommandApdu(0x00, 0xCB, 0x3F, 0xFF, Tlv(TAG_LIST, b"".join(map(encode_tag, tags))), SHORT_LE_MAX)


def parse_get_data(tag: int, data: bytes) -> bytes:
    """The content of the object: of its 53, or of 7E and 7F61, which stand for themselves. Raises MalformedTlv, UnexpectedResponse."""
    return _content(tag, Tlv.parse(data))


def parse_get_data_list(tags: Sequence[int], data: bytes) -> dict[int, bytes]:
    """The contents by tag, in the order asked: as many data objects as tags, nothing between or after. Raises as ``parse_get_data``.

    A 53 does not name its object, so only the order tells them apart.
    """
    elements = parse_all(data)
    if len(elements) != len(tags):
        raise UnexpectedResponse(step="GET DATA", rule=f"{len(tags)} objects", objects=len(elements))
    return {tag: _content(tag, element) for tag, element in zip(tags, elements, strict=True)}


def _content(tag: int, element: Tlv) -> bytes:
    if element.tag != (tag if tag in SELF_TAGGED else CONTENT):
        raise UnexpectedResponse(step="GET DATA", rule=f"object {tag:X} in its template")
    return element.value
