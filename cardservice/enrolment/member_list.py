# SPDX-License-Identifier: Apache-2.0
"""A member list (CSV, RFC 4180, UTF-8): its good rows and the problems of the others. Reads octets, touches nothing else.

Every line is a row of its own, since no field here has line breaks: a quotation mark that is never closed spoils one row, not the rest.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cardservice.enrolment.errors import ListHeadMalformed, ListNotUtf8, ListTooLarge
from cardservice.enrolment.member_row import OPTIONAL_COLUMNS, REQUIRED_COLUMNS, MemberRow, parse_row
from cardservice.enrolment.row_problem import RowProblem, Rule

MAX_OCTETS = 8 * 1024 * 1024
MAX_ROWS = 50_000
MAX_FIELD = 4_000  # characters; MAX_MONTHS without two neighbours are 2,880
MAX_LINE = 8_000

_BYTE_ORDER_MARK = "\ufeff"  # spreadsheets write one
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class MemberList:
    """What was read. A row with a problem is in ``problems`` (once for each fault) and not in ``rows``."""

    rows: tuple[MemberRow, ...]
    problems: tuple[RowProblem, ...]

    @property
    def refused(self) -> int:
        """How many rows have a problem."""
        return len({problem.line for problem in self.problems})


def read_member_list(octets: bytes, *, today: date) -> MemberList:
    """Read a whole list. Raises ListTooLarge, ListNotUtf8 or ListHeadMalformed, and nothing else."""
    lines = enumerate(_LINE_END.split(_decoded(octets)), start=1)
    columns = _columns(next(lines)[1])
    rows: list[MemberRow] = []
    problems: list[RowProblem] = []
    refs: dict[str, int] = {}
    niks: dict[str, int] = {}
    for count, (line, text) in enumerate(_filled(lines), start=1):
        if count > MAX_ROWS:
            raise ListTooLarge(what="rows", most=MAX_ROWS)
        row = _row(line, text, columns, today)
        if isinstance(row, MemberRow):
            repeated = _repeated(row, refs, niks)
            if not repeated:
                rows.append(row)
            problems += repeated
        else:
            problems += row
    return MemberList(tuple(rows), tuple(problems))


def _decoded(octets: bytes) -> str:
    if len(octets) > MAX_OCTETS:
        raise ListTooLarge(what="octets", most=MAX_OCTETS)
    try:
        return octets.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as wrong:
        # The error itself quotes the octets, which may be a name.
        raise ListNotUtf8(octet=wrong.start) from None


def _columns(head: str) -> list[str]:
    names = [name.strip() for name in _fields(head[:MAX_LINE]) or []]
    known = {*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS}
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    unknown = [name[:40] for name in names if name not in known]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if missing or unknown or repeated:
        raise ListHeadMalformed(
            missing=", ".join(missing), unknown=", ".join(unknown[:5]), repeated=", ".join(repeated[:5])
        )
    return names


def _filled(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    return ((line, text) for line, text in lines if text.strip())


def _row(line: int, text: str, columns: list[str], today: date) -> MemberRow | list[RowProblem]:
    if len(text) > MAX_LINE:
        return [RowProblem(line, "", Rule.TOO_LONG, {"most": MAX_LINE})]
    fields = _fields(text)
    if fields is None:
        return [RowProblem(line, "", Rule.QUOTING)]
    if len(fields) != len(columns):
        return [RowProblem(line, "", Rule.FIELD_COUNT, {"expected": len(columns), "found": len(fields)})]
    long = [name for name, field in zip(columns, fields, strict=True) if len(field) > MAX_FIELD]
    if long:
        return [RowProblem(line, name, Rule.TOO_LONG, {"most": MAX_FIELD}) for name in long]
    return parse_row(line, dict(zip(columns, fields, strict=True)), today)


def _fields(text: str) -> list[str] | None:
    """The fields of one line; None where quotation marks are wrong."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return rows[0] if rows else []


def _repeated(row: MemberRow, refs: dict[str, int], niks: dict[str, int]) -> list[RowProblem]:
    """Problems of a row that repeats an earlier one's ref or NIK; the earlier row stands, and only rows that stand count."""
    problems = []
    if (first := refs.get(row.ref)) is not None:
        problems.append(RowProblem(row.line, "ref", Rule.REF_REPEATED, {"given": row.ref, "first_line": first}))
    if (first := niks.get(row.nik)) is not None:
        problems.append(RowProblem(row.line, "nik", Rule.NIK_REPEATED, {"first_line": first}))
    if not problems:
        refs[row.ref] = niks[row.nik] = row.line
    return problems
