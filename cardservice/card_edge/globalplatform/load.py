# SPDX-License-Identifier: Apache-2.0
"""LOAD (GlobalPlatform 11.6): a load file in numbered blocks."""

from cardservice.card_edge.apdu import SHORT_LC_MAX, SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import MalformedApdu
from cardservice.card_edge.tlv import Tlv

MORE_BLOCKS = 0x00  # P1
LAST_BLOCK = 0x80
MAX_BLOCKS = 256  # P2 is one byte


def load_file(load_file_data_block: bytes, *, dap: tuple[bytes, bytes] | None = None) -> bytes:
    """The stream to load: ``[E2 { 4F security domain, C3 signature }] C4 data block`` (table 11-58)."""
    block = b"" if dap is None else Tlv(0xE2, Tlv(0x4F, dap[0]) + Tlv(0xC3, dap[1]))
    return block + Tlv(0xC4, load_file_data_block)


def load(stream: bytes, block_size: int = SHORT_LC_MAX) -> list[CommandApdu]:
    """One LOAD per block. ``block_size`` is the channel's ``max_data``. Raises MalformedApdu past 256 blocks."""
    blocks = [stream[start : start + block_size] for start in range(0, len(stream), block_size)]
    if not 1 <= len(blocks) <= MAX_BLOCKS:
        raise MalformedApdu(rule=f"a load file has 1 to {MAX_BLOCKS} blocks")
    last = len(blocks) - 1
    return [
        CommandApdu(0x80, 0xE8, LAST_BLOCK if number == last else MORE_BLOCKS, number, block, SHORT_LE_MAX)
        for number, block in enumerate(blocks)
    ]
