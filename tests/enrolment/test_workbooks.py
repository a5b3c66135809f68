# SPDX-License-Identifier: Apache-2.0
"""XLSX lists: the same rows as CSV, never a formula, nothing active, nothing that unpacks without end, and no error but ours."""

import io
import re
import tracemalloc
from datetime import date, datetime
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardservice.enrolment import list_file, list_rows, workbook_limits
from cardservice.enrolment.errors import (
    EnrolmentError,
    ListHeadMalformed,
    ListTooLarge,
    WorkbookActive,
    WorkbookMalformed,
    WorkbookSheets,
)
from cardservice.enrolment.list_file import examine
from cardservice.enrolment.member_list import MemberList, read_member_list
from cardservice.enrolment.row_problem import Rule
from tests.enrolment.importing import person
from tests.enrolment.rows import COLUMNS, GOOD, OTHER, TODAY, octets
from tests.enrolment.workbooks import with_part, workbook, workbook_of_excel

SHEET = "xl/worksheets/sheet1.xml"


def cells(row: dict[str, Any]) -> list[Any]:
    return [row[name] for name in COLUMNS]


def read(*rows: dict[str, Any]) -> MemberList:
    return read_member_list(workbook([COLUMNS, *map(cells, rows)]), today=TODAY)


def rules(listed: MemberList) -> list[tuple[int, str, Rule]]:
    return [(problem.line, problem.field, problem.rule) for problem in listed.problems]


def test_a_sheet_gives_the_rows_that_a_csv_list_gives() -> None:
    rows = [dict(GOOD), dict(OTHER), person(3, name=""), person(4, months="x"), {**GOOD, "ref": "P-9"}]
    assert read(*rows) == read_member_list(octets(*rows), today=TODAY)


def test_the_text_that_excel_keeps_in_a_part_of_its_own_is_read() -> None:
    rows = [dict(GOOD), dict(OTHER)]
    listed = read_member_list(workbook_of_excel([COLUMNS, *map(cells, rows)]), today=TODAY)
    assert listed == read_member_list(octets(*rows), today=TODAY)


def test_numbers_dates_and_empty_rows_are_read_as_the_spreadsheet_shows_them() -> None:
    row = {
        **GOOD,
        "income_band": 10000.0,
        "birth_date": datetime(1990, 10, 5),  # noqa: DTZ001 - a spreadsheet's date has no zone
        "months": date(2026, 1, 1),
        "paid_on": date(2026, 2, 1),
        "region": 3171,
    }
    listed = read_member_list(workbook([COLUMNS, [None] * 5, cells(row), []]), today=TODAY)
    (found,) = listed.rows
    assert (found.line, found.income_band, found.birth_date, found.region) == (3, 10_000, date(1990, 10, 5), "3171")
    assert [str(month) for month in found.months] == ["2026-01"]
    assert found.paid_on == date(2026, 2, 1)


@pytest.mark.parametrize("nik", [3171014510909001, 3.171014510909e15, "3.17101E+15"])
def test_a_nik_that_became_a_number_is_refused_with_a_remedy_of_its_own(nik: object) -> None:
    assert rules(read({**GOOD, "nik": nik}, dict(OTHER))) == [(2, "nik", Rule.NIK_SPREADSHEET)]


@pytest.mark.parametrize("column", ["ref", "name", "nik", "months"])
def test_a_formula_is_refused_and_neither_it_nor_its_value_is_used(column: str) -> None:
    listed = read({**GOOD, column: '=HYPERLINK("http://x","Budi")'}, dict(OTHER))
    assert rules(listed) == [(2, column, Rule.FORMULA)]
    assert [row.ref for row in listed.rows] == ["P-0002"]


def test_a_formula_in_the_head_names_no_column() -> None:
    with pytest.raises(ListHeadMalformed):
        read_member_list(workbook([["=1+1", *COLUMNS[1:]], cells(dict(GOOD))]), today=TODAY)


def test_a_row_that_is_wider_than_the_head_is_told() -> None:
    listed = read_member_list(workbook([COLUMNS, [*cells(dict(GOOD)), "more"]]), today=TODAY)
    assert rules(listed) == [(2, "", Rule.FIELD_COUNT)]


def test_a_cell_without_end_is_told() -> None:
    assert rules(read({**GOOD, "name": "x" * 4_001})) == [(2, "name", Rule.TOO_LONG)]


@pytest.mark.parametrize(
    "part",
    [
        "xl/vbaProject.bin",
        "xl/externalLinks/externalLink1.xml",
        "xl/embeddings/oleObject1.bin",
        "xl/activeX/activeX1.xml",
        "xl/macrosheets/sheet1.xml",
        "xl/connections.xml",
        "xl/queryTables/queryTable1.xml",
    ],
)
def test_macros_and_links_to_elsewhere_are_refused(part: str) -> None:
    plain = workbook([COLUMNS, cells(dict(GOOD))])
    with pytest.raises(WorkbookActive):
        read_member_list(with_part(plain, part, b"<x/>"), today=TODAY)


def test_a_workbook_that_calls_itself_one_with_macros_is_refused() -> None:
    plain = workbook([COLUMNS, cells(dict(GOOD))])
    told = with_part(
        plain,
        "[Content_Types].xml",
        lambda old: old.replace(b"spreadsheetml.sheet.main", b"spreadsheetml.sheet.macroEnabled.main"),
    )
    with pytest.raises(WorkbookActive):
        read_member_list(told, today=TODAY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declared_entities_are_refused_in_any_encoding(encoding: str) -> None:
    laughing = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    plain = workbook([COLUMNS, cells(dict(GOOD))])

    def declare(old: bytes) -> bytes:
        text = old.decode().partition("?>")[2] if old.startswith(b"<?xml") else old.decode()
        return f'<?xml version="1.0" encoding="{encoding}"?>{laughing}{text}'.encode(encoding)

    with pytest.raises(WorkbookActive) as refused:
        read_member_list(with_part(plain, SHEET, declare), today=TODAY)
    assert refused.value.evidence == {"part": "DOCTYPE"}


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    plain = workbook([COLUMNS, cells(dict(GOOD))])
    bomb = with_part(plain, "docProps/long.xml", b"<x>" + b" " * (workbook_limits.MAX_UNPACKED + 1))
    assert len(bomb) < 400_000
    tracemalloc.start()
    try:
        with pytest.raises(ListTooLarge) as refused:
            examine(io.BytesIO(bomb))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.evidence["what"] == "unpacked octets"
    assert peak < 4 * 1024 * 1024


def test_sabotage_without_the_cap_the_bomb_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = workbook([COLUMNS, cells(dict(GOOD))])
    bomb = with_part(plain, SHEET, lambda old: old.replace(b"</sheetData>", b" " * 5_000_000 + b"</sheetData>"))
    monkeypatch.setattr(workbook_limits, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(ListTooLarge):
        examine(io.BytesIO(bomb))
    monkeypatch.setattr(workbook_limits, "_demand_small", lambda _: None)
    assert examine(io.BytesIO(bomb)).rows == 1


def test_many_parts_and_much_shared_text_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = workbook_of_excel([COLUMNS, cells(dict(GOOD))])
    monkeypatch.setattr(workbook_limits, "MAX_SHARED_STRINGS", 10)
    with pytest.raises(ListTooLarge):
        examine(io.BytesIO(plain))
    monkeypatch.undo()
    monkeypatch.setattr(workbook_limits, "MAX_PARTS", 3)
    with pytest.raises(ListTooLarge):
        examine(io.BytesIO(plain))


def test_rows_far_away_and_cells_far_right_cost_nothing() -> None:
    plain = workbook([COLUMNS, cells(dict(GOOD))])
    far = with_part(
        plain,
        SHEET,
        lambda old: old.replace(
            b"</sheetData>", b'<row r="99999999999"><c r="XFD99999999999"><v>1</v></c></row></sheetData>'
        ),
    )
    assert [row.ref for row in read_member_list(far, today=TODAY).rows] == ["P-0001"]


def test_a_list_with_too_many_rows_is_refused_before_the_first_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = workbook([COLUMNS, cells(dict(GOOD)), cells(dict(OTHER)), []])
    for looked_at in (list_file, list_rows):
        monkeypatch.setattr(looked_at, "MAX_ROWS", 1)
    with pytest.raises(ListTooLarge):
        examine(io.BytesIO(listed))
    monkeypatch.setattr(list_file, "MAX_ROWS", 2)
    assert examine(io.BytesIO(listed)).rows == 2


def test_which_of_two_sheets_is_meant_can_t_be_known() -> None:
    with pytest.raises(WorkbookSheets) as refused:
        read_member_list(workbook([COLUMNS], sheets=2), today=TODAY)
    assert refused.value.evidence == {"found": 2}


def test_an_old_or_locked_workbook_is_told() -> None:
    with pytest.raises(WorkbookMalformed):
        read_member_list(workbook_limits.OLE_MAGIC + bytes(600), today=TODAY)


def test_a_nik_that_became_a_date_is_not_on_the_screen() -> None:
    """openpyxl would warn and quote it; here every warning is an error."""
    plain = workbook([COLUMNS, cells({**GOOD, "nik": datetime(1990, 10, 5)})])  # noqa: DTZ001 - a spreadsheet's date has no zone
    dated = with_part(plain, SHEET, lambda old: re.sub(rb"<v>33151[^<]*</v>", b"<v>3171014510909001</v>", old))
    assert b"3171014510909001" in ZipFile(io.BytesIO(dated)).read(SHEET)
    listed = read_member_list(dated, today=TODAY)
    assert [(problem.line, problem.field) for problem in listed.problems] == [(2, "nik")]
    assert "3171014510909001" not in repr(listed)


def test_no_fault_of_a_sheet_shows_a_nik_or_name() -> None:
    listed = read(
        {**GOOD, "name": "Rahasia1"}, {**OTHER, "nik": 3171014510909001}, {**OTHER, "ref": "3171014510909001"}
    )
    assert listed.problems
    assert not any(secret in repr(listed.problems) for secret in ("Rahasia", "3171014510909001", "317101451090"))


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_change_of_a_workbook_is_read_or_refused_with_our_error(data: st.DataObject) -> None:
    octets_of = bytearray(_PLAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        octets_of[data.draw(st.integers(4, len(octets_of) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_member_list(bytes(octets_of), today=TODAY)
    except EnrolmentError:
        return


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_change_of_a_sheet_s_xml_is_read_or_refused_with_our_error(data: st.DataObject) -> None:
    part = data.draw(st.sampled_from([SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "[Content_Types].xml"]))

    def change(old: bytes) -> bytes:
        start = data.draw(st.integers(0, len(old) - 1))
        end = data.draw(st.integers(start, min(len(old), start + 40)))
        return old[:start] + data.draw(st.binary(max_size=12)) + old[end:]

    try:
        read_member_list(with_part(_PLAIN, part, change), today=TODAY)
    except EnrolmentError:
        return


_PLAIN = workbook_of_excel([COLUMNS, cells(dict(GOOD)), cells(dict(OTHER))])
