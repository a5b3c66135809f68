# SPDX-License-Identifier: Apache-2.0
"""STORE DATA (GlobalPlatform 11.11): data for a security domain, or for the application named by INSTALL [for personalization]."""

from enum import IntEnum

from cardservice.card_edge.apdu import SHORT_LC_MAX, SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import MalformedApdu

LAST_BLOCK = 0x80  # P1 b8
RESPONSE_EXPECTED = 0x01  # P1 b1: ISO case 4
MAX_BLOCKS = 256  # P2 numbers them from 00
DGI_SHORT_LENGTH_MAX = 0xFE


class Encryption(IntEnum):
    """P1 b7 b6: whether the data is encrypted under the DEK, besides secure messaging."""

    NONE = 0x00
    APPLICATION_DEPENDENT = 0x20
    ENCRYPTED = 0x60


class Structure(IntEnum):
    """P1 b5 b4: how the data is laid out."""

    RAW = 0x00
    DGI = 0x08
    BER_TLV = 0x10


def store_data(
    data: bytes,
    structure: Structure,
    encryption: Encryption = Encryption.NONE,
    *,
    block_size: int = SHORT_LC_MAX,
    response_expected: bool = False,
    first_block: int = 0,
    more_follow: bool = False,
) -> list[CommandApdu]:
    """The data in blocks numbered from ``first_block``, the last marked unless ``more_follow``. ``block_size`` is the channel's ``max_data``."""
    blocks = [data[start : start + block_size] for start in range(0, len(data), block_size)] or [b""]
    if first_block + len(blocks) > MAX_BLOCKS:
        raise MalformedApdu(rule=f"STORE DATA counts {MAX_BLOCKS} blocks")
    p1 = structure | encryption | (RESPONSE_EXPECTED if response_expected else 0)
    le = SHORT_LE_MAX if response_expected else None
    last = None if more_follow else first_block + len(blocks) - 1
    return [
        CommandApdu(0x80, 0xE2, p1 | (LAST_BLOCK if number == last else 0), number, block, le)
        for number, block in enumerate(blocks, start=first_block)
    ]


def dgi(identifier: int, data: bytes) -> bytes:
    """A data grouping: identifier (2), length (1, or FF and 2), data (EMV CPS 1.1, 2.2)."""
    length = bytes([len(data)]) if len(data) <= DGI_SHORT_LENGTH_MAX else b"\xff" + len(data).to_bytes(2, "big")
    return identifier.to_bytes(2, "big") + length + data
