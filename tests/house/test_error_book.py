# SPDX-License-Identifier: Apache-2.0
"""The error book holds every code, and docs/error-book.md is what the texts say today."""

from pathlib import Path

from cardservice.texts.catalogue import ErrorText, catalogue
from cardservice.texts.error_book import error_book

PAGE = Path(__file__).parents[2] / "docs" / "error-book.md"


def test_every_code_has_its_section() -> None:
    page = error_book(catalogue())
    assert [code for code in catalogue() if f"\n## `{code}`\n" not in page] == []


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == error_book(catalogue()), "run tools/error-book"


def test_a_new_code_makes_the_page_stale() -> None:
    """Sabotage control: the comparison above would see an entry that nobody put into the page."""
    more = {**catalogue(), "zz-new": ErrorText("zz-new", "sebab", "cause", "tindakan", "remedy")}
    assert PAGE.read_text(encoding="utf-8") != error_book(more)
