# SPDX-License-Identifier: Apache-2.0
"""A group's list (CSV, RFC 4180, UTF-8): ``member,months``. A member is a reference or a payment number; never a NIK. Reads octets only.

Every line is a row of its own, so that a quotation mark that is never closed spoils one row, not the rest.
"""

import csv
import re
from dataclasses import dataclass

from cardservice.collection.errors import GroupListUnreadable
from cardservice.collection.group.row_problem import GroupRowProblem, GroupRule
from cardservice.collection.payment_number import is_payment_number

MAX_OCTETS = 512 * 1024
MAX_ROWS = 5_000  # members credited in one transaction
MOST_MONTHS = 12  # facts/contributions.md, "payment periods"
COLUMNS = ("member", "months")

_BYTE_ORDER_MARK = "\ufeff"  # spreadsheets write one
_LINE_END = re.compile(r"\r\n|\n|\r")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", re.ASCII)
_MONTHS = re.compile(r"[0-9]{1,2}", re.ASCII)
_NIK_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GroupListRow:
    """For whom, and how many months. ``is_number`` tells a payment number from a reference."""

    line: int
    member: str
    is_number: bool
    months: int


@dataclass(frozen=True, slots=True)
class GroupList:
    """What was read. A row with a problem is not in ``rows``."""

    rows: tuple[GroupListRow, ...]
    problems: tuple[GroupRowProblem, ...]


def read_group_list(octets: bytes) -> GroupList:
    """Read a whole list. Raises GroupListUnreadable, and nothing else."""
    lines = _LINE_END.split(_decoded(octets))
    columns = [name.strip() for name in _fields(lines[0]) or []]
    if sorted(columns) != sorted(COLUMNS):
        raise GroupListUnreadable(rule=f"the first line is {','.join(COLUMNS)}")
    rows: list[GroupListRow] = []
    problems: list[GroupRowProblem] = []
    filled = [(line, text) for line, text in enumerate(lines[1:], start=2) if text.strip()]
    if not 0 < len(filled) <= MAX_ROWS:
        raise GroupListUnreadable(rule=f"1 to {MAX_ROWS} rows")
    for line, text in filled:
        row = _row(line, text, columns)
        if isinstance(row, GroupListRow):
            rows.append(row)
        else:
            problems += row
    return GroupList(tuple(rows), tuple(problems))


def _decoded(octets: bytes) -> str:
    if len(octets) > MAX_OCTETS:
        raise GroupListUnreadable(rule=f"at most {MAX_OCTETS} octets")
    try:
        return octets.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        raise GroupListUnreadable(rule="UTF-8 text") from None


def _row(line: int, text: str, columns: list[str]) -> GroupListRow | list[GroupRowProblem]:
    fields = _fields(text)
    if fields is None:
        return [GroupRowProblem(line, "", GroupRule.QUOTING)]
    if len(fields) != len(columns):
        return [GroupRowProblem(line, "", GroupRule.FIELD_COUNT, {"expected": len(columns), "found": len(fields)})]
    told = dict(zip(columns, (field.strip() for field in fields), strict=True))
    member, months = told["member"], told["months"]
    is_number = is_payment_number(member)
    problems = []
    # Sixteen digits that are no payment number are a NIK or a slip: neither is looked up, nor shown.
    if not is_number and (_NIK_DIGITS.fullmatch(member) or not _REF.fullmatch(member)):
        problems.append(GroupRowProblem(line, "member", GroupRule.MEMBER_FORM))
    if not _MONTHS.fullmatch(months) or not 1 <= int(months) <= MOST_MONTHS:
        problems.append(GroupRowProblem(line, "months", GroupRule.MONTHS_RANGE, {"most": MOST_MONTHS}))
    return problems or GroupListRow(line, member, is_number, int(months))


def _fields(text: str) -> list[str] | None:
    """The fields of one line; None where quotation marks are wrong."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return rows[0] if rows else []
