# SPDX-License-Identifier: Apache-2.0
"""The lines of a CSV list (RFC 4180, UTF-8), one at a time, each cut into its fields.

Every line is a row of its own, since no field here has line breaks: a quotation mark that is never closed spoils one row, not the rest.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from cardservice.enrolment.errors import ListNotUtf8
from cardservice.enrolment.list_line import MAX_LINE, ListLine
from cardservice.enrolment.row_problem import RowProblem, Rule

_BLOCK = 64 * 1024
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def count_lines(file: BinaryIO) -> int:
    """How many lines have something in them, the head included. Raises ListNotUtf8: a list is not begun that would stop half-way."""
    lines = 0
    filled = False
    for piece in _pieces(file):
        filled = filled or bool(piece.strip())
        if piece.endswith("\n"):
            lines += filled
            filled = False
    return lines + filled


def read_lines(file: BinaryIO) -> Iterator[ListLine]:
    """Every line that has something in it. Raises ListNotUtf8."""
    number = 0
    long = False
    for piece in _pieces(file):
        if long:
            long = not piece.endswith("\n")
            continue
        number += 1
        text = piece.removesuffix("\n")
        if len(text) > MAX_LINE:
            long = not piece.endswith("\n")
            yield ListLine(number, RowProblem(number, "", Rule.TOO_LONG, {"most": MAX_LINE}))
        elif text.strip():
            fields = _fields(text)
            yield ListLine(number, RowProblem(number, "", Rule.QUOTING) if fields is None else fields)


def _pieces(file: BinaryIO) -> Iterator[str]:
    """Lines with their ends, but never more than a little over MAX_LINE of one: what is longer comes in pieces."""
    file.seek(0)
    text = io.TextIOWrapper(
        file, encoding="utf-8-sig", newline=None
    )  # every system's line ends; a byte order mark is fine
    try:
        while piece := text.readline(MAX_LINE + 1):
            yield piece
    except UnicodeDecodeError:
        # The error itself quotes the octets, which may be a name.
        raise _not_utf8(file) from None
    finally:
        # The file is the caller's, who may have closed it when nobody reads on.
        with suppress(ValueError):
            text.detach()


def _not_utf8(file: BinaryIO) -> ListNotUtf8:
    """Where it stops being UTF-8, and what it looks like instead."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    while True:
        block = file.read(_BLOCK)
        if done == 0 and block.startswith(_UTF16_MARKS):
            return ListNotUtf8(octet=0, looks_like="UTF-16")
        held = len(decoder.getstate()[0])  # of a character that began in the block before
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as wrong:
            return ListNotUtf8(octet=done - held + wrong.start, looks_like=_look(wrong.object, wrong.start))
        if not block:
            return ListNotUtf8(octet=done, looks_like="?")  # somebody changes the file while it is read
        done += len(block)


def _look(octets: bytes, start: int) -> str:
    """Old spreadsheets write Windows-1252, where one octet is one letter."""
    try:
        letter = octets[start : start + 1].decode("cp1252")
    except UnicodeDecodeError:
        return "?"
    return "Windows-1252" if letter.isalpha() or letter in "\u2018\u2019\u201c\u201d\u2013\u2014\u00a0" else "?"


def _fields(text: str) -> list[str] | None:
    """The fields of one line; None where quotation marks are wrong."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return rows[0] if rows else []
