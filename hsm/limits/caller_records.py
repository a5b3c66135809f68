# SPDX-License-Identifier: Apache-2.0
"""Records in counted memory, one for each caller and operation: where a record lies is found once, and it never moves.

A record begins with who and what; an operation is named by a checksum, for new ones may come between. Memory that is all zero is empty.
"""

import zlib
from typing import Final, Protocol

RECORDS: Final = 256  # 19 operations of a dozen users: those that an administrator lets in, and those let in before
HEAD: Final = 2  # cells at the beginning of each record that are not its owner's to write
_UID, _OPERATION = range(HEAD)


class Cells(Protocol):
    """Numbers by place."""

    def __getitem__(self, place: int, /) -> float: ...

    def __setitem__(self, place: int, value: float, /) -> None: ...


class CallerRecords:
    """Where records of ``size`` cells lie, the head included."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._places: dict[tuple[int, str], int] = {}

    @property
    def cells_needed(self) -> int:
        """How many cells there must be."""
        return self._size * RECORDS

    def place(self, cells: Cells, caller: int, operation: str) -> int | None:
        """Where the record of a user id and an operation begins; the first empty one becomes theirs. None where all are taken.

        To be asked by whoever has the cells for himself.
        """
        known = self._places.get((caller, operation))
        if known is not None:
            return known
        owner = (float(caller), float(zlib.crc32(operation.encode()) + 1))
        for place in range(0, self.cells_needed, self._size):
            if cells[place + _OPERATION] == 0.0:
                cells[place + _UID], cells[place + _OPERATION] = owner
            if (cells[place + _UID], cells[place + _OPERATION]) == owner:
                self._places[caller, operation] = place
                return place
        return None
