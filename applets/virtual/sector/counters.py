# SPDX-License-Identifier: Apache-2.0
"""INCREASE and the eight counters: they only rise (docs/card-edge.md)."""

from dataclasses import replace

from applets.virtual.chip import COUNTERS, SectorMemory
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.sector.memory import commit, memory_of
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv

COUNTERS_TAG = 0xDF03
LENGTH = 4
MAX = 0xFFFF_FFFF


def increase(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 32 00 n 04 delta 00`` -> the new value. 6A86 no such counter, 6A80 delta 0, 6985 it would overflow."""
    runtime.demand_encryption()
    if command.p1 or command.p2 >= COUNTERS:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if len(command.data) != LENGTH:
        raise Refused(StatusWord.WRONG_LENGTH)
    delta = int.from_bytes(command.data, "big")
    if not delta:
        raise Refused(StatusWord.WRONG_DATA)
    memory = memory_of(runtime)
    value = memory.counters[command.p2] + delta
    if value > MAX:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    counters = (*memory.counters[: command.p2], value, *memory.counters[command.p2 + 1 :])
    commit(runtime, replace(memory, counters=counters))
    return ResponseApdu(value.to_bytes(LENGTH, "big"), StatusWord.SUCCESS)


def encoded_counters(memory: SectorMemory) -> bytes:
    """``DF03 20`` and eight counters of 4 bytes."""
    return bytes(Tlv(COUNTERS_TAG, b"".join(value.to_bytes(LENGTH, "big") for value in memory.counters)))
