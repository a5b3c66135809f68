# SPDX-License-Identifier: Apache-2.0
"""The rows of a member list as they come, one at a time: good ones, and what is wrong with the others."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from cardservice.enrolment.errors import ListHeadMalformed, ListTooLarge
from cardservice.enrolment.list_line import MAX_FIELD, ListLine
from cardservice.enrolment.member_row import OPTIONAL_COLUMNS, REQUIRED_COLUMNS, MemberRow, parse_row
from cardservice.enrolment.row_problem import RowProblem, Rule

MAX_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that stays out, with each of its faults."""

    line: int
    problems: tuple[RowProblem, ...]


ListRow = MemberRow | RefusedRow


def read_rows(lines: Iterator[ListLine], *, today: date) -> Iterator[ListRow]:
    """Read lines, the head first. Raises ListHeadMalformed, ListTooLarge, and what reading the lines raises."""
    columns = _columns(next(lines, None))
    seen = _Seen()
    for count, line in enumerate(lines, start=1):
        if count > MAX_ROWS:
            raise ListTooLarge(what="rows", most=MAX_ROWS)
        row = _row(line, columns, today)
        if isinstance(row, MemberRow):
            row = seen.refuse_repeated(row)
        yield row


def _columns(head: ListLine | None) -> list[str]:
    fields = [] if head is None or isinstance(head.fields, RowProblem) else head.fields
    names = [name.strip() for name in fields]
    known = {*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS}
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    unknown = [name[:40] for name in names if name not in known]
    repeated = sorted({name[:40] for name in names if names.count(name) > 1})
    if missing or unknown or repeated:
        raise ListHeadMalformed(missing=_named(missing), unknown=_named(unknown[:5]), repeated=_named(repeated[:5]))
    return names


def _named(columns: Sequence[str]) -> str:
    return ", ".join(columns) or "-"


def _row(line: ListLine, columns: list[str], today: date) -> ListRow:
    fields, number = line.fields, line.number
    if isinstance(fields, RowProblem):
        return RefusedRow(number, (fields,))
    if len(fields) != len(columns):
        evidence = {"expected": len(columns), "found": len(fields)}
        return RefusedRow(number, (RowProblem(number, "", Rule.FIELD_COUNT, evidence),))
    long = [name for name, field in zip(columns, fields, strict=True) if len(field) > MAX_FIELD]
    if long:
        return RefusedRow(number, tuple(RowProblem(number, name, Rule.TOO_LONG, {"most": MAX_FIELD}) for name in long))
    read = parse_row(number, dict(zip(columns, fields, strict=True)), today)
    return read if isinstance(read, MemberRow) else RefusedRow(number, tuple(read))


class _Seen:
    """References and NIKs of the rows so far, each as eight octets of a hash: enough for a list, and no NIK lies in memory."""

    def __init__(self) -> None:
        self._refs: dict[bytes, int] = {}
        self._niks: dict[bytes, int] = {}

    def refuse_repeated(self, row: MemberRow) -> ListRow:
        """The row, or its refusal if it repeats an earlier one's ref or NIK; the earlier row stands, and only rows that stand count."""
        ref, nik = _short(row.ref), _short(row.nik)
        problems = []
        if (first := self._refs.get(ref)) is not None:
            problems.append(RowProblem(row.line, "ref", Rule.REF_REPEATED, {"given": row.ref, "first_line": first}))
        if (first := self._niks.get(nik)) is not None:
            problems.append(RowProblem(row.line, "nik", Rule.NIK_REPEATED, {"first_line": first}))
        if problems:
            return RefusedRow(row.line, tuple(problems))
        self._refs[ref] = self._niks[nik] = row.line
        return row


def _short(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
