# SPDX-License-Identifier: Apache-2.0
"""Chip serials as people type them and as suppliers list them."""

import re

from reader_tools.errors import ChipSerialMalformed

LENGTH = 20  # ICFabricator | ICType | ICbatch | ICserial (cardservice/card_edge/globalplatform/cplc.py)
MOST_SHOWN = 40

_SERIAL = re.compile(rf"[0-9A-F]{{{LENGTH}}}", re.ASCII)


def parse_chip_serial(text: str, line: int | None = None) -> str:
    """The serial in capitals, without the spaces that lists have between groups. Raises ChipSerialMalformed."""
    serial = "".join(text.split()).upper()
    if _SERIAL.fullmatch(serial) is None:
        shown = "".join(letter if letter.isprintable() else "?" for letter in text[:MOST_SHOWN])
        raise ChipSerialMalformed(given=shown, length=LENGTH, line="-" if line is None else line)
    return serial
