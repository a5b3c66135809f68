# SPDX-License-Identifier: Apache-2.0
"""GET DATA and PUT DATA of a sector: cover proof (53), free length (DF02), counters (DF03)."""

from dataclasses import replace

from applets.virtual.chip import SECTOR_DATA_LENGTH
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.sector.counters import COUNTERS_TAG, encoded_counters
from applets.virtual.sector.memory import commit, memory_of
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv, parse_all

ALL_OBJECTS = (0x3F, 0xFF)
TAG_LIST = 0x5C
COVER_PROOF = 0x53
COVER_PROOF_MAX = 231  # so that the SELECT response fits one short APDU
FREE_LENGTH = 0xDF02


def get_data(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 CB 3F FF``: the cover proof for anyone, counters under the channel. 6A82 for another object."""
    elements = _elements(command)
    if len(elements) != 1:
        raise Refused(StatusWord.WRONG_DATA)
    wanted = int.from_bytes(elements[0].value, "big")
    if wanted == COVER_PROOF:
        return ResponseApdu(bytes(Tlv(COVER_PROOF, memory_of(runtime).cover_proof)), StatusWord.SUCCESS)
    if wanted == COUNTERS_TAG:
        runtime.demand_mac()
        return ResponseApdu(encoded_counters(memory_of(runtime)), StatusWord.SUCCESS)
    raise Refused(StatusWord.NOT_FOUND)


def put_data(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 DB 3F FF``: cover proof or free length, under the channel. 6A80 malformed or too long, 6A82 another object."""
    runtime.demand_mac()
    elements = _elements(command)
    if len(elements) != 2 or int.from_bytes(elements[0].value, "big") != elements[1].tag:
        raise Refused(StatusWord.WRONG_DATA)
    memory, value = memory_of(runtime), elements[1].value
    if elements[1].tag == COVER_PROOF:
        if len(value) > COVER_PROOF_MAX:
            raise Refused(StatusWord.WRONG_DATA)
        commit(runtime, replace(memory, cover_proof=value))  # anyone may read it: a MAC is enough
    elif elements[1].tag == FREE_LENGTH:
        runtime.demand_encryption()
        length = int.from_bytes(value, "big")
        if len(value) != 2 or length > SECTOR_DATA_LENGTH:
            raise Refused(StatusWord.WRONG_DATA)
        commit(runtime, replace(memory, free_length=length))
    else:
        raise Refused(StatusWord.NOT_FOUND)
    return ResponseApdu(b"", StatusWord.SUCCESS)


def _elements(command: Frame) -> list[Tlv]:
    if (command.p1, command.p2) != ALL_OBJECTS:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    try:
        elements = parse_all(command.data)
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None
    if not elements or elements[0].tag != TAG_LIST or not elements[0].value:
        raise Refused(StatusWord.WRONG_DATA)
    return elements
