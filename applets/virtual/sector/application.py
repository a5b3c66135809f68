# SPDX-License-Identifier: Apache-2.0
"""A sector by instruction: SELECT with the cover proof, and the commands (docs/card-edge.md, "Sector commands")."""

from collections.abc import Callable

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.sector.counters import increase
from applets.virtual.sector.data import read_binary, update_binary
from applets.virtual.sector.keys import generate, get_key_information, put_key
from applets.virtual.sector.memory import memory_of
from applets.virtual.sector.objects import COVER_PROOF, get_data, put_data
from applets.virtual.sector.tap import internal_authenticate
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv

ISO = 0x00
PROPRIETARY = 0x80
_COMMANDS: dict[int, tuple[frozenset[int], Callable[[Runtime, Frame], ResponseApdu]]] = {
    0x32: (frozenset({PROPRIETARY}), increase),
    0x47: (frozenset({ISO}), generate),
    0x88: (frozenset({ISO}), internal_authenticate),
    0xB0: (frozenset({ISO}), read_binary),
    0xCA: (frozenset({ISO, PROPRIETARY}), get_key_information),
    0xCB: (frozenset({ISO}), get_data),
    0xD6: (frozenset({ISO}), update_binary),
    0xD8: (frozenset({PROPRIETARY}), put_key),
    0xDB: (frozenset({ISO}), put_data),
}


def process(runtime: Runtime, command: Frame) -> ResponseApdu:
    """One command. 6D00 unknown, 6E00 in the other class."""
    if command.ins not in _COMMANDS:
        raise Refused(StatusWord.INS_NOT_SUPPORTED)
    classes, handler = _COMMANDS[command.ins]
    if command.plain_cla not in classes:
        raise Refused(StatusWord.CLA_NOT_SUPPORTED)
    return handler(runtime, command)


def answer_to_select(runtime: Runtime) -> ResponseApdu:
    """``6F { 84 AID, A5 { 53 cover proof } }``, at most 251 bytes."""
    proof = Tlv(COVER_PROOF, memory_of(runtime).cover_proof)
    fci = Tlv(0x6F, Tlv(0x84, runtime.transient.selected) + Tlv(0xA5, proof))
    return ResponseApdu(bytes(fci), StatusWord.SUCCESS)
