# SPDX-License-Identifier: Apache-2.0
"""A partner's statement of one day (CSV, RFC 4180, UTF-8): every payment it took for us, as its own books have it.

``reference,amount,status`` in the first line; then one line per payment: the partner's reference (paymentRequestId, or ``ref_id``), whole
rupiah, and PAID or REVERSED. Anything else is refused with its line: a statement that is half understood tolerates differences.
"""

import csv
import hashlib
from dataclasses import dataclass
from enum import StrEnum

from cardservice.collection.errors import StatementUnreadable
from cardservice.records.payments import MAX_REFERENCE, MOST_RUPIAH

MAX_OCTETS = 64 * 1024 * 1024
MAX_LINES = 1_000_000
HEAD = ["reference", "amount", "status"]
_BYTE_ORDER_MARK = "\ufeff"


class LineStatus(StrEnum):
    """What became of a payment at the partner."""

    PAID = "PAID"
    REVERSED = "REVERSED"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line; ``amount`` in whole rupiah."""

    line: int
    reference: str
    amount: int
    status: LineStatus


@dataclass(frozen=True, slots=True)
class PartnerStatement:
    """The whole file, known by the SHA-256 of its octets."""

    sha256: bytes
    lines: tuple[StatementLine, ...]

    @property
    def rupiah(self) -> int:
        """The sum of what was paid and not reversed."""
        return sum(line.amount for line in self.lines if line.status is LineStatus.PAID)


def read_statement(octets: bytes) -> PartnerStatement:
    """Read a whole statement. Raises StatementUnreadable (line, field, rule), and nothing else."""
    if len(octets) > MAX_OCTETS:
        raise StatementUnreadable(line=0, field="-", rule=f"at most {MAX_OCTETS} octets")
    try:
        text = octets.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as wrong:
        line = octets.count(b"\n", 0, wrong.start) + 1
        raise StatementUnreadable(line=line, field="-", rule="UTF-8") from None
    rows = text.splitlines()
    if len(rows) > MAX_LINES:
        raise StatementUnreadable(line=MAX_LINES + 1, field="-", rule=f"at most {MAX_LINES} lines")
    if not rows or _fields(1, rows[0]) != HEAD:
        raise StatementUnreadable(line=1, field="-", rule=",".join(HEAD))
    lines = tuple(_line(number, row) for number, row in enumerate(rows[1:], 2) if row.strip())
    return PartnerStatement(hashlib.sha256(octets).digest(), lines)


def _line(number: int, row: str) -> StatementLine:
    fields = _fields(number, row)
    if len(fields) != len(HEAD):
        raise StatementUnreadable(line=number, field="-", rule=f"{len(HEAD)} fields")
    reference, amount, status = fields
    if not 0 < len(reference) <= MAX_REFERENCE or not reference.isprintable():
        raise StatementUnreadable(line=number, field="reference", rule=f"1 to {MAX_REFERENCE} printable characters")
    if not (amount.isascii() and amount.isdigit() and len(amount) <= 15 and 0 < int(amount) <= MOST_RUPIAH):
        raise StatementUnreadable(line=number, field="amount", rule="whole rupiah in digits")
    if status not in set(LineStatus):
        raise StatementUnreadable(line=number, field="status", rule=" | ".join(LineStatus))
    return StatementLine(number, reference, int(amount), LineStatus(status))


def _fields(number: int, row: str) -> list[str]:
    try:
        return next(csv.reader([row], strict=True), [])
    except csv.Error:
        raise StatementUnreadable(line=number, field="-", rule="CSV (RFC 4180)") from None
