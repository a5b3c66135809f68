# SPDX-License-Identifier: Apache-2.0
"""GET DATA (GlobalPlatform 11.3) and the tags that we ask for."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu

ISSUER_IDENTIFICATION_NUMBER = 0x0042
CARD_IMAGE_NUMBER = 0x0045
CARD_DATA = 0x0066
SEQUENCE_COUNTER = 0x00C1
KEY_INFORMATION = 0x00E0
CARD_PRODUCTION_LIFE_CYCLE = 0x9F7F  # CPLC


def get_data(tag: int) -> CommandApdu:
    """The command for one data object; the tag is P1 P2."""
    return CommandApdu(0x80, 0xCA, tag >> 8, tag & 0xFF, b"", SHORT_LE_MAX)
