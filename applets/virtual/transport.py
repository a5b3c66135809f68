# SPDX-License-Identifier: Apache-2.0
"""Command chaining, segments and GET RESPONSE (ISO/IEC 7816-4, 5.3.3 and 5.3.4; GP 2.3.1, 11.2.2, 11.5.2, 11.8.2)."""

from dataclasses import replace

from applets.virtual.errors import Refused
from applets.virtual.frame import PROPRIETARY, Frame
from applets.virtual.transient import Transient
from cardservice.card_edge.apdu import SHORT_LC_MAX, ResponseApdu
from cardservice.card_edge.status_word import StatusWord

RESPONSE_PART = 256  # the most that a short response holds
CHAIN_MAX = 0x1000  # larger than any object that the card takes
MORE = 0x80
PUT_KEY = 0xD8
SEGMENTED = frozenset({PUT_KEY, 0xE4, 0xE6})


def collect(transient: Transient, frame: Frame) -> Frame | None:
    """The whole command once its last frame is here, None before. 6883 where a chain is left unfinished, 6A84 past CHAIN_MAX."""
    if transient.chain is not None and transient.chain != frame.header:
        transient.drop_chain()
        raise Refused(StatusWord.LAST_COMMAND_OF_CHAIN_EXPECTED)
    if transient.chain is None and not frame.chained:
        return frame
    if len(transient.chained) + len(frame.data) > CHAIN_MAX:
        transient.drop_chain()
        raise Refused(StatusWord.NOT_ENOUGH_MEMORY)
    transient.chain = frame.header
    transient.chained += frame.data
    if frame.chained:
        return None
    whole = frame.with_data(transient.chained)
    transient.drop_chain()
    return whole


def join(transient: Transient, frame: Frame) -> Frame | None:
    """DELETE, INSTALL and PUT KEY in segments (P1 bit 8: more follow): the whole protected command with the last one, None before.

    Amendment D, 6.2: C-MAC and C-ENC cover the unsegmented command, so this comes before unwrapping. P1 = FF of PUT KEY names key set FF.
    """
    segmented = (
        frame.plain_cla == PROPRIETARY and frame.ins in SEGMENTED and not (frame.ins == PUT_KEY and frame.p1 == 0xFF)
    )
    name = (frame.cla, frame.ins, frame.p1 & ~MORE, frame.p2)
    if transient.segments is not None and transient.segments[0] != name:
        transient.segments = None
    if not segmented or (transient.segments is None and not frame.p1 & MORE):
        return frame
    received = (b"" if transient.segments is None else transient.segments[1]) + frame.data
    transient.segments = None
    if len(received) > CHAIN_MAX:
        raise Refused(StatusWord.NOT_ENOUGH_MEMORY)
    if frame.p1 & MORE:
        transient.segments = (name, received)
        return None
    return replace(frame, data=received, extended=frame.extended or len(received) > SHORT_LC_MAX)


def segment(transient: Transient, response: ResponseApdu, part: int | None) -> ResponseApdu:
    """The first part of a response; the rest waits for GET RESPONSE. ``part`` None sends it whole (extended length).

    Le is not looked at, as on many chips: stock middleware asks 8 bytes to learn a length and copes with all of them (facts/piv 3.1).
    """
    if part is None or len(response.data) <= part:
        return response
    transient.rest, transient.rest_sw = response.data[part:], response.sw
    return ResponseApdu(response.data[:part], _more(transient.rest))


def get_response(transient: Transient, frame: Frame) -> ResponseApdu:
    """``00 C0 00 00 Le``. 6985 where nothing waits."""
    if frame.p1 or frame.p2:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if not transient.rest:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    length = min(frame.le or RESPONSE_PART, RESPONSE_PART)
    part, transient.rest = transient.rest[:length], transient.rest[length:]
    return ResponseApdu(part, _more(transient.rest) if transient.rest else transient.rest_sw)


def _more(rest: bytes) -> int:
    return 0x6100 | (len(rest) if len(rest) < RESPONSE_PART else 0)
