# SPDX-License-Identifier: Apache-2.0
"""A member list in a file, CSV or XLSX, looked at once from end to end before its first row is used: size, hash, encoding, rows.

Nothing of it is kept in memory but the row at hand, and a few octets for each row that was seen (to tell repetitions).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from cardservice.enrolment import csv_lines, workbook_limits, xlsx_lines
from cardservice.enrolment.errors import ListTooLarge, WorkbookMalformed
from cardservice.enrolment.list_rows import MAX_ROWS, ListRow, read_rows

MAX_OCTETS = 64 * 1024 * 1024
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list that can be read: ``sha256`` of its octets (32 bytes), and about how many ``rows`` it has."""

    file: BinaryIO = field(repr=False)
    sha256: bytes
    rows: int
    is_workbook: bool

    def read(self, *, today: date) -> Iterator[ListRow]:
        """Its rows, from the first. Raises ListHeadMalformed, ListTooLarge, ListNotUtf8 or WorkbookMalformed."""
        lines = xlsx_lines.read_lines(self.file) if self.is_workbook else csv_lines.read_lines(self.file)
        return read_rows(lines, today=today)


def examine(file: BinaryIO) -> ListFile:
    """Look at a file that can be read from any place and stays open.

    Raises ListTooLarge, ListNotUtf8, WorkbookMalformed, WorkbookActive or WorkbookSheets; never in the middle of its rows what it could
    have raised here.
    """
    sha256 = _hash(file)
    file.seek(0)
    magic = file.read(4)
    if magic == workbook_limits.OLE_MAGIC:
        raise WorkbookMalformed(rule="XLS, or a password")
    is_workbook = magic == workbook_limits.ZIP_MAGIC
    lines = workbook_limits.demand_plain_workbook(file) if is_workbook else csv_lines.count_lines(file)
    if is_workbook and lines > MAX_ROWS + 1:
        # Empty rows that were formatted once are rows of the sheet too: only those with something in them count.
        lines = sum(1 for _ in xlsx_lines.read_lines(file))
    if lines > MAX_ROWS + 1:
        raise ListTooLarge(what="rows", most=MAX_ROWS)
    return ListFile(file, sha256, max(lines - 1, 0), is_workbook)


def _hash(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    size = 0
    while block := file.read(_BLOCK):
        size += len(block)
        if size > MAX_OCTETS:
            raise ListTooLarge(what="octets", most=MAX_OCTETS)
        digest.update(block)
    return digest.digest()
