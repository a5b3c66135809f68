# SPDX-License-Identifier: Apache-2.0
"""Sector data: 1,024 bytes laid out by the partner, read and written by offset; a leading part may be free to read."""

from cardservice.card_edge.apdu import SHORT_LC_MAX, SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnwritableContent
from cardservice.card_edge.tlv import Tlv, encode_tag

SECTOR_DATA_LENGTH = 1024
FREE_LENGTH = 0xDF02


def read_binary(offset: int, length: int = SHORT_LE_MAX) -> CommandApdu:
    """``00 B0 offset(2) Le``. Raises UnwritableContent past the end."""
    _check(offset, 1)
    return CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, b"", length)


def update_binary(offset: int, data: bytes, block_size: int = SHORT_LC_MAX) -> list[CommandApdu]:
    """``00 D6 offset(2) Lc data``, as many commands as blocks. Raises UnwritableContent past the end."""
    _check(offset, len(data))
    commands = []
    for start in range(0, len(data), block_size):
        at = offset + start
        commands.append(CommandApdu(0x00, 0xD6, at >> 8, at & 0xFF, data[start : start + block_size]))
    return commands


def set_free_length(length: int) -> CommandApdu:
    """How many leading bytes anyone may read: ``5C 02 DF02 | DF02 02 length``."""
    _check(0, length)
    content = Tlv(0x5C, encode_tag(FREE_LENGTH)) + Tlv(FREE_LENGTH, length.to_bytes(2, "big"))
    return CommandApdu(0x00, 0xDB, 0x3F, 0xFF, content)


def _check(offset: int, length: int) -> None:
    if offset < 0 or length < 0 or offset + length > SECTOR_DATA_LENGTH:
        raise UnwritableContent(step="sector data", rule=f"within {SECTOR_DATA_LENGTH} bytes")
