# SPDX-License-Identifier: Apache-2.0
"""READ BINARY and UPDATE BINARY of the sector data (docs/card-edge.md; ISO/IEC 7816-4, 11.2)."""

from dataclasses import replace

from applets.virtual.chip import SECTOR_DATA_LENGTH
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.sector.memory import commit, memory_of
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

SHORT_FILE = 0x80  # P1 bit 8: a short file identifier, which a sector has not
ALL = 0x100  # Le 00: as much as there is, up to 256


def read_binary(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 B0 offset Le``: the free part for anyone, the rest under the channel (6982). 6A86 past the end."""
    offset = _offset(command)
    if command.data or command.le is None:
        raise Refused(StatusWord.WRONG_LENGTH)
    memory = memory_of(runtime)
    if offset >= SECTOR_DATA_LENGTH or (command.le < ALL and offset + command.le > SECTOR_DATA_LENGTH):
        raise Refused(StatusWord.INCORRECT_P1_P2)
    readable = SECTOR_DATA_LENGTH
    if offset + 1 > memory.free_length or (command.le < ALL and offset + command.le > memory.free_length):
        runtime.demand_mac()
    elif runtime.transient.channel is None:
        readable = memory.free_length
    end = min(offset + command.le, readable)
    return ResponseApdu(memory.data[offset:end], StatusWord.SUCCESS)


def update_binary(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 D6 offset Lc data`` under the channel. 6A80 past the end, 6A86 short file identifier, 6700 no data."""
    offset = _offset(command)
    runtime.demand_encryption()
    if not command.data:
        raise Refused(StatusWord.WRONG_LENGTH)
    memory = memory_of(runtime)
    end = offset + len(command.data)
    if end > SECTOR_DATA_LENGTH:
        raise Refused(StatusWord.WRONG_DATA)
    commit(runtime, replace(memory, data=memory.data[:offset] + command.data + memory.data[end:]))
    return ResponseApdu(b"", StatusWord.SUCCESS)


def _offset(command: Frame) -> int:
    if command.p1 & SHORT_FILE:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    return command.p1 << 8 | command.p2
