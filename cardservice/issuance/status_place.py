# SPDX-License-Identifier: Apache-2.0
"""A random free place in a status list. Random, so that neighbours in a list tell nothing of each other (Token Status List, privacy)."""

from collections.abc import Callable

from cardservice.issuance.errors import NoStatusPlace
from cardservice.records import status_places
from cardservice.records.connection import Connection

LIST_LENGTH = 1 << 20
TRIES = 64
LISTS = 256  # of a million places each; half full at the scheme's 130 million cards


def take_status_place(connection: Connection, entropy: Callable[[int], bytes]) -> tuple[int, int]:
    """A (list, index) that no card has. The unique constraint decides where two bureaus draw the same one at once."""
    for _ in range(TRIES):
        drawn = int.from_bytes(entropy(4), "big")
        place = (drawn >> 20) % LISTS, drawn % LIST_LENGTH
        if not status_places.is_taken(connection, *place):
            return place
    raise NoStatusPlace(tries=TRIES)
