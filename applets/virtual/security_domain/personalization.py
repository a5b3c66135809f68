# SPDX-License-Identifier: Apache-2.0
"""STORE DATA for an application (GP 2.3.1, 7.3.2 and 11.11): the domain opens the message, the application takes what is in it.

Content is a run of BER-TLV data objects over any number of blocks. Each is taken when it is whole, in one write, so that a torn card holds each
old or new by itself, and an application needs room for the longest only.
"""

from collections.abc import Callable

from applets.virtual.chip import PIV_MODULE, SECTOR_MODULE
from applets.virtual.element_stream import whole_elements
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.generate_template import CONTROL_REFERENCE
from applets.virtual.piv import personalization as piv
from applets.virtual.runtime import Runtime
from applets.virtual.sector import personalization as sector
from applets.virtual.transient import Storing
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv

LAST_BLOCK = 0x80
FORM = 0x78  # encryption and structure
BER_TLV = 0x10  # not encrypted, BER-TLV
RESPONSE_EXPECTED = 0x01
MAX_WAITING = 0xD00  # bytes of one data object that is not whole yet
_ANSWERED = frozenset({CONTROL_REFERENCE, sector.KEY_SET})
_TAKE: dict[bytes, Callable[[Runtime, bytes, Tlv], bytes]] = {PIV_MODULE: piv.take, SECTOR_MODULE: sector.take}


def take_block(runtime: Runtime, storing: Storing, command: Frame) -> ResponseApdu:
    """One block for ``storing.target``. 6A88 an application that takes nothing, 6A80 bad data, 6A84 too long, 6A86 an answer that nobody expects."""
    assert storing.target is not None
    application = runtime.chip.application(storing.target)
    take = None if application is None or application.locked else _TAKE.get(application.module)
    if take is None:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if command.p1 & FORM != BER_TLV:
        raise Refused(StatusWord.WRONG_DATA)
    elements, storing.received = whole_elements(storing.received)
    if len(storing.received) > MAX_WAITING:
        raise Refused(StatusWord.NOT_ENOUGH_MEMORY)
    if not command.p1 & RESPONSE_EXPECTED and any(element.tag in _ANSWERED for element in elements):
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if command.p1 & LAST_BLOCK and storing.received:
        raise Refused(StatusWord.WRONG_DATA)
    answer = b"".join(take(runtime, storing.target, element) for element in elements)
    if not command.p1 & LAST_BLOCK:
        runtime.transient.storing = storing
    return ResponseApdu(answer, StatusWord.SUCCESS)
