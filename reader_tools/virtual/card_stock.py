# SPDX-License-Identifier: Apache-2.0
"""Virtual cards as they come out of a box: blank ones, and the clones that a thief can make. Images lie in the reader's folder."""

import secrets
from pathlib import Path

from applets.virtual.factory import SERIAL_LENGTH, blank_chip, clone_readable
from reader_tools.virtual.slot import Slot, open_image

CARDS = "cards"
# The chip suppliers' well-known test key, 40..4F, twice: what the development key process expects of a blank chip (hsm/stores/key_generation.py).
WELL_KNOWN_TRANSPORT_MASTER = bytes(range(0x40, 0x50)) * 2


def new_blank_card(slot: Slot) -> Path:
    """A blank chip of a new serial, as an image file (mode 0600)."""
    serial = secrets.token_bytes(SERIAL_LENGTH)
    blank = blank_chip(entropy=secrets.token_bytes, transport_master=WELL_KNOWN_TRANSPORT_MASTER, serial=serial)
    path = _new_path(slot, serial.hex().upper())
    blank.stored_at(path)
    return path


def new_clone(slot: Slot, original: Path) -> Path:
    """What a thief can make of a card: all that can be read, none of the keys. Raises VirtualImageMissing, VirtualImageRefused."""
    copy = clone_readable(open_image(original), secrets.token_bytes)
    path = _new_path(slot, f"{original.stem}-clone")
    copy.stored_at(path)
    return path


def _new_path(slot: Slot, name: str) -> Path:
    folder = slot.folder / CARDS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{name}.card"
