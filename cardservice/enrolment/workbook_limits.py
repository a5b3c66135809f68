# SPDX-License-Identifier: Apache-2.0
"""What an XLSX file may be, looked at before anything reads it: small enough unpacked, and nothing in it that acts or reaches elsewhere.

An XLSX file is a ZIP archive of XML (ECMA-376). Nothing here trusts what the archive says about itself beyond what ``zipfile`` enforces:
it stops an entry at its declared size.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NoReturn
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from cardservice.enrolment.errors import ListTooLarge, WorkbookActive, WorkbookMalformed, WorkbookSheets

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # XLS of old, or an XLSX with a password
MAX_PARTS = 200
MAX_SHEET_ROWS = 1_048_576  # of the format
MAX_UNPACKED = 256 * 1024 * 1024  # octets; a sheet of 200,000 rows is about 130 MiB
MAX_SHARED_STRINGS = 64 * 1024 * 1024  # the one part that is held in memory

# What zipfile raises for a file that is no archive, or a broken one.
UNREADABLE = (
    BadZipFile,
    LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    struct.error,
    zlib.error,
)

# Parts that run, embed or fetch something (ECMA-376, MS-OFFMACRO2).
_ACTIVE = re.compile(
    r"vbaProject|vbaData|/macrosheets/|/dialogsheets/|/externalLinks/|/embeddings/|/activeX/|/ctrlProps/|/connections\.xml"
    r"|/queryTables/|/webPublish|oleObject",
    re.IGNORECASE,
)
_MACRO_TYPE = re.compile(rb"macroEnabled|ms-excel\.addin", re.IGNORECASE)
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_ROW = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?row[\s/>]")
_BLOCK = 64 * 1024


def demand_plain_workbook(file: BinaryIO) -> int:
    """See that it may be read. Returns how many rows its sheet has, the head included.

    Raises WorkbookMalformed, ListTooLarge, WorkbookActive or WorkbookSheets (not exactly one sheet).
    """
    file.seek(0)
    try:
        with ZipFile(file) as archive:
            parts = archive.infolist()
            _demand_small(parts)
            for part in parts:
                _demand_passive(archive, part)
            sheets = [part for part in parts if _SHEET.fullmatch(part.filename)]
            if len(sheets) != 1:
                raise WorkbookSheets(found=len(sheets))
            rows = _rows(archive, sheets[0])
            if rows > MAX_SHEET_ROWS:
                raise WorkbookMalformed(rule="rows")
            return rows
    except UNREADABLE as broken:
        # RuntimeError is what zipfile says of an encrypted entry, NotImplementedError of a compression that it does not know.
        raise WorkbookMalformed(rule=type(broken).__name__) from None


def _demand_small(parts: list[ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise ListTooLarge(what="parts", most=MAX_PARTS)
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise ListTooLarge(what="unpacked octets", most=MAX_UNPACKED)
    if any(
        part.file_size > MAX_SHARED_STRINGS for part in parts if part.filename.lower().endswith("sharedstrings.xml")
    ):
        raise ListTooLarge(what="octets of text", most=MAX_SHARED_STRINGS)
    if any(part.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for part in parts):
        raise WorkbookMalformed(rule="compression")
    names = [part.filename.lower() for part in parts]
    if len(set(names)) != len(names):
        raise WorkbookMalformed(rule="two parts with one name")


def _demand_passive(archive: ZipFile, part: ZipInfo) -> None:
    name = part.filename
    if _ACTIVE.search("/" + name):
        raise WorkbookActive(part=name[:60])
    if name.lower().endswith((".xml", ".rels")):
        with archive.open(part) as stream:
            _demand_no_doctype(stream.read(_BLOCK))
    if name == "[Content_Types].xml" and _MACRO_TYPE.search(archive.read(part)):
        raise WorkbookActive(part="macroEnabled")


def _demand_no_doctype(head: bytes) -> None:
    """A document type is where entities that grow or fetch are declared. It stands before the first element, so the head tells."""
    parser = expat.ParserCreate()
    begun = []

    def refuse(*_: object) -> NoReturn:
        raise WorkbookActive(part="DOCTYPE")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda *_: begun.append(True)
    try:
        for start in range(0, len(head), 256):
            parser.Parse(head[start : start + 256], False)
            if begun:
                return
    except expat.ExpatError:
        raise WorkbookMalformed(rule="XML") from None
    raise WorkbookMalformed(rule="XML without an element")


def _rows(archive: ZipFile, sheet: ZipInfo) -> int:
    return sum(1 for window in _windows(archive, sheet) for _ in _ROW.finditer(window))


def _windows(archive: ZipFile, sheet: ZipInfo) -> Iterator[bytes]:
    """The sheet in pieces that are cut at the ends of elements, so that no row is counted twice or missed."""
    rest = b""
    with archive.open(sheet) as stream:
        while block := stream.read(_BLOCK):
            whole, mark, tail = (rest + block).rpartition(b">")
            yield whole + mark
            rest = tail[-_BLOCK:]  # what has no end in 64 KiB is no element of ours
