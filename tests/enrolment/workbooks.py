# SPDX-License-Identifier: Apache-2.0
"""XLSX files for tests: made by openpyxl as a spreadsheet would, or changed part by part as no spreadsheet would."""

import io
from collections.abc import Callable, Sequence
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl


def workbook(rows: Sequence[Sequence[Any]], sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for _ in range(sheets - 1):
        book.create_sheet()
    octets = io.BytesIO()
    book.save(octets)
    return octets.getvalue()


def with_part(octets: bytes, name: str, content: bytes | Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part added or changed."""
    changed = io.BytesIO()
    with ZipFile(io.BytesIO(octets)) as before, ZipFile(changed, "w", ZIP_DEFLATED) as after:
        for part in before.namelist():
            if part != name:
                after.writestr(part, before.read(part))
        old = before.read(name) if name in before.namelist() else b""
        after.writestr(name, content if isinstance(content, bytes) else content(old))
    return changed.getvalue()


_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OWN_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def workbook_of_excel(rows: Sequence[Sequence[str]]) -> bytes:
    """As Excel writes it: the text of all cells in a part of its own, of which each cell gives a number. openpyxl writes none."""
    texts = sorted({text for row in rows for text in row if text})
    lines = []
    for number, row in enumerate(rows, 1):
        shown = (
            f'<c r="{chr(65 + place)}{number}" t="s"><v>{texts.index(text)}</v></c>'
            for place, text in enumerate(row)
            if text
        )
        lines.append(f'<row r="{number}">{"".join(shown)}</row>')
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_OWN_TYPE}sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_OWN_TYPE}worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_OWN_TYPE}sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_RELATED}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_NAMESPACE} xmlns:r="{_RELATED}">'
        '<sheets><sheet name="Daftar" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_RELATED}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_RELATED}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {_NAMESPACE}><sheetData>{''.join(lines)}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {_NAMESPACE}>" + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>",
    }
    octets = io.BytesIO()
    with ZipFile(octets, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return octets.getvalue()
