# SPDX-License-Identifier: Apache-2.0
"""GENERATE of a sector: makes its P-256 pair, replacing an older one atomically; ``piv.generate.parse_public_key`` reads the answer."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.piv.generate import P256_CONTROL


def generate_sector_key() -> CommandApdu:
    """``00 47 00 00 05 AC 03 80 01 11 00``, under SCP03 only."""
    return CommandApdu(0x00, 0x47, 0x00, 0x00, P256_CONTROL, SHORT_LE_MAX)
