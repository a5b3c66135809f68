# SPDX-License-Identifier: Apache-2.0
"""Eight monotonic counters of a sector: redeemed fares and benefits, which only rise."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.card_edge.tlv import Tlv, encode_tag

COUNTERS = 0xDF03
COUNT = 8
WIDTH = 4
MAX_VALUE = 0xFFFF_FFFF


def get_counters() -> CommandApdu:
    """``00 CB 3F FF 04 5C 02 DF03 00``."""
    return CommandApdu(0x00, 0xCB, 0x3F, 0xFF, Tlv(0x5C, encode_tag(COUNTERS)), SHORT_LE_MAX)


def parse_counters(data: bytes) -> tuple[int, ...]:
    """The eight values of ``DF03 20 ..``. Raises MalformedTlv, UnexpectedResponse."""
    element = Tlv.parse(data)
    if element.tag != COUNTERS or len(element.value) != COUNT * WIDTH:
        raise UnexpectedResponse(step="GET DATA", rule="eight counters of 4 bytes in DF03")
    value = element.value
    return tuple(int.from_bytes(value[start : start + WIDTH], "big") for start in range(0, len(value), WIDTH))


def increase(counter: int, delta: int) -> CommandApdu:
    """``80 32 00 n 04 delta 00``. Raises UnwritableContent for a counter or a step that the card would refuse."""
    if not (0 <= counter < COUNT and 1 <= delta <= MAX_VALUE):
        raise UnwritableContent(step="INCREASE", rule="counter 0 to 7, a step of at least 1")
    return CommandApdu(0x80, 0x32, 0x00, counter, delta.to_bytes(WIDTH, "big"), SHORT_LE_MAX)


def parse_increase(data: bytes) -> int:
    """The new value. Raises UnexpectedResponse."""
    if len(data) != WIDTH:
        raise UnexpectedResponse(step="INCREASE", rule="a value of 4 bytes")
    return int.from_bytes(data, "big")
