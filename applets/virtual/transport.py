# SPDX-License-Identifier: Apache-2.0
"""Command chaining and GET RESPONSE (ISO/IEC 7816-4, 5.3.3 and 5.3.4)."""

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.transient import Transient
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

RESPONSE_PART = 256  # the most that a short response holds
CHAIN_MAX = 0x1000  # larger than any object that the card takes


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
