# SPDX-License-Identifier: Apache-2.0
"""Length-value fields as INSTALL strings them together (GP 2.3.1, 11.5.2; BER lengths, where 80 alone means 128, 11.1.5)."""

from applets.virtual.errors import Refused
from cardservice.card_edge.status_word import StatusWord


def read_fields(data: bytes, count: int) -> list[bytes]:
    """Exactly ``count`` fields that fill the data. Raises Refused(6A80)."""
    fields: list[bytes] = []
    offset = 0
    for _ in range(count):
        length, offset = _read_length(data, offset)
        if offset + length > len(data):
            raise Refused(StatusWord.WRONG_DATA)
        fields.append(data[offset : offset + length])
        offset += length
    if offset != len(data):
        raise Refused(StatusWord.WRONG_DATA)
    return fields


def _read_length(data: bytes, offset: int) -> tuple[int, int]:
    if offset >= len(data):
        raise Refused(StatusWord.WRONG_DATA)
    first = data[offset]
    if first <= 0x80:
        return first, offset + 1
    width = first & 0x7F
    if width > 2 or offset + 1 + width > len(data):
        raise Refused(StatusWord.WRONG_DATA)
    return int.from_bytes(data[offset + 1 : offset + 1 + width], "big"), offset + 1 + width
