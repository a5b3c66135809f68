# SPDX-License-Identifier: Apache-2.0
"""STORE DATA (GP 2.3.1, 11.11): the security domain's own objects, in DGI 0070 or as BER-TLV; blocks for an application go to it."""

from dataclasses import replace

from applets.virtual.chip import ISD_AID
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.security_domain.personalization import LAST_BLOCK, take_block
from applets.virtual.transient import Storing
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv, parse_all

ENCRYPTION = 0x60
STRUCTURE = 0x18
DGI = 0x08
BER_TLV = 0x10
OBJECTS_DGI = 0x0070
WRITABLE = frozenset({0x42, 0x45})  # IIN, CIN; D3, 2F00, FF21, C1, C2 and the rest are the card's own
MAX_OBJECT = 0x40
MAX_DATA = 0x1000


def store_data(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 E2 P1 block``. 6A86 out of sequence, 6A80 bad data, 6A88 for data that its target has no place for."""
    runtime.demand_mac()
    storing = runtime.transient.storing
    runtime.transient.storing = Storing()  # any error ends it
    if command.p2 != storing.next_block & 0xFF:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    storing.next_block += 1
    storing.received += command.data
    if storing.target not in {None, ISD_AID}:
        return take_block(runtime, storing, command)
    if len(storing.received) > MAX_DATA:
        raise Refused(StatusWord.NOT_ENOUGH_MEMORY)
    if not command.p1 & LAST_BLOCK:
        runtime.transient.storing = storing
        return ResponseApdu(b"", StatusWord.SUCCESS)
    if runtime.transient.selected != ISD_AID:
        # A supplementary security domain has no objects of this kind.
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if command.p1 & ENCRYPTION:
        raise Refused(StatusWord.WRONG_DATA)  # nothing that we take is secret
    objects = dict(runtime.chip.objects)
    for element in _elements(storing.received, command.p1 & STRUCTURE):
        if element.tag not in WRITABLE or len(element.value) > MAX_OBJECT:
            raise Refused(StatusWord.WRONG_DATA)
        objects[element.tag] = element.value
    runtime.image.commit(replace(runtime.chip, objects=objects))
    return ResponseApdu(b"", StatusWord.SUCCESS)


def _elements(data: bytes, structure: int) -> list[Tlv]:
    try:
        if structure == BER_TLV:
            return parse_all(data)
        if structure == DGI:
            return [element for group in _groups(data) for element in parse_all(group)]
    except MalformedTlv:
        pass
    raise Refused(StatusWord.WRONG_DATA)


def _groups(data: bytes) -> list[bytes]:
    """The contents of DGI 0070: id(2) | length(1, or FF and 2) | content."""
    groups: list[bytes] = []
    offset = 0
    while offset < len(data):
        identifier = int.from_bytes(data[offset : offset + 2], "big")
        start, length = offset + 3, data[offset + 2] if offset + 2 < len(data) else -1
        if length == 0xFF:
            start, length = offset + 5, int.from_bytes(data[offset + 3 : offset + 5], "big")
        end = start + length
        if length < 0 or end > len(data):
            raise Refused(StatusWord.WRONG_DATA)
        if identifier != OBJECTS_DGI:
            raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        groups.append(data[start:end])
        offset = end
    return groups
