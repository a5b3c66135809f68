# SPDX-License-Identifier: Apache-2.0
"""The rows of an XLSX sheet (ECMA-376), one at a time, each cell as the text that a CSV list would have.

A formula is never evaluated, nor is the value that it had taken: a row with one is refused. demand_plain_workbook() comes first.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, BinaryIO

import openpyxl

from cardservice.enrolment.errors import EnrolmentError, WorkbookMalformed
from cardservice.enrolment.list_line import MAX_COLUMNS, ListLine
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.enrolment.workbook_limits import MAX_SHEET_ROWS, UNREADABLE

_FORMULA = "f"
_MOST_DIGITS = 11  # a number longer than that is a NIK in the wrong clothes, and may have lost digits


def read_lines(file: BinaryIO) -> Iterator[ListLine]:
    """Every row that has something in it. Raises WorkbookMalformed."""
    file.seek(0)
    try:
        with _quiet():
            workbook = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            sheet: Any = workbook.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its own size is not to be relied on
            columns: list[str] = []
            rows = sheet.iter_rows(max_col=MAX_COLUMNS, max_row=MAX_SHEET_ROWS)
            for number, cells in enumerate(_quietly(rows), start=1):
                line = _line(number, cells, columns)
                if line is None:
                    continue
                if not columns and isinstance(line.fields, list):
                    columns = line.fields
                yield line
        finally:
            workbook.close()
    except EnrolmentError:
        raise
    except (*UNREADABLE, ArithmeticError, AttributeError, LookupError, SyntaxError, TypeError) as broken:
        # openpyxl has no error of its own for most of what can be wrong with a file. Its words may quote a cell.
        raise WorkbookMalformed(rule=type(broken).__name__) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Openpyxl warns of what it leaves out, and quotes cells while it does: a NIK that was taken for a date would be on the screen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _quietly(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Each row read in quiet, and handed on out of it."""
    while True:
        with _quiet():
            row = next(rows, None)
        if row is None:
            return
        yield row


def _line(number: int, cells: Sequence[Any], columns: Sequence[str]) -> ListLine | None:
    values = [cell.value for cell in cells]
    width = max((place for place, value in enumerate(values, 1) if value is not None and value != ""), default=0)
    if width == 0:
        return None
    for place, cell in enumerate(cells[:width]):
        if cell.data_type == _FORMULA:
            return ListLine(number, RowProblem(number, _name(columns, place), Rule.FORMULA))
    fields = [_text(value, _name(columns, place)) for place, value in enumerate(values[:width])]
    # A sheet has no empty cells at the end of a row, a list of fields has.
    return ListLine(number, fields + [""] * (len(columns) - width))


def _name(columns: Sequence[str], place: int) -> str:
    return columns[place] if place < len(columns) else ""


def _text(value: object, column: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case int() | float():
            return _number(value)
        case datetime() | date():
            # Spreadsheets make a date of a month by themselves.
            return value.strftime("%Y-%m" if column.strip() == "months" and value.day == 1 else "%Y-%m-%d")
        case _:
            return str(value)


def _number(value: float) -> str:
    if value != value or abs(value) >= 10**_MOST_DIGITS:  # noqa: PLR0124 - NaN is what differs from itself
        return f"{value:.5E}"  # as the spreadsheet shows it: the rule for such a NIK says what to do
    return str(int(value)) if value == int(value) else repr(value)
