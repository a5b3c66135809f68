# SPDX-License-Identifier: Apache-2.0
"""The tags in a tag list (ISO/IEC 7816-4: 5C holds tags one after another, without lengths)."""

from applets.virtual.errors import Refused
from cardservice.card_edge.status_word import StatusWord

TAG_LIST = 0x5C
LIST_MAX = 16  # tags: the answer has to find room on the card (docs/card-edge.md, decision 0093)
MAX_TAG_BYTES = 3
_NUMBER_FOLLOWS = 0x1F  # 5.2.2.1: the first byte's number bits all set
_MORE = 0x80


def tags_of(value: bytes) -> list[int]:
    """The tags of a list, 1 to 16. Raises Refused(6A80) for none, for more, and for what is no run of whole tags."""
    tags: list[int] = []
    while value:
        length = _tag_length(value)
        if length > min(len(value), MAX_TAG_BYTES) or len(tags) == LIST_MAX:
            raise Refused(StatusWord.WRONG_DATA)
        tags.append(int.from_bytes(value[:length], "big"))
        value = value[length:]
    if not tags:
        raise Refused(StatusWord.WRONG_DATA)
    return tags


def _tag_length(value: bytes) -> int:
    if value[0] & _NUMBER_FOLLOWS != _NUMBER_FOLLOWS:
        return 1
    following = (index for index, octet in enumerate(value[1:], start=2) if not octet & _MORE)
    return next(following, len(value) + 1)
