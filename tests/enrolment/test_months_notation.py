# SPDX-License-Identifier: Apache-2.0
"""Months as lists write them, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.errors import MalformedMonth
from cardservice.coverage.month import ContributionMonth
from cardservice.enrolment.months_notation import parse_months, write_months

months = st.integers(0, 200).map(lambda step: ContributionMonth(2014, 1) + step)


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), (" ", 0), ("2026-01", 1), ("2026-01..2026-09;2026-11", 10), ("2026-03; 2026-01..2026-03", 3)],
)
def test_what_is_read(text: str, count: int) -> None:
    assert len(parse_months(text)) == count


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "2026-02..2026-01", "2026-01..", "..2026-01", "2026-01;", ";", "2026-01...2026-02"]
)
def test_what_is_not_months(text: str) -> None:
    with pytest.raises(MalformedMonth):
        parse_months(text)


def test_a_range_of_centuries_is_refused_before_it_is_counted() -> None:
    with pytest.raises(MalformedMonth):
        parse_months("0001-01..9999-12")


@given(st.frozensets(months))
def test_what_is_written_reads_the_same(some: frozenset[ContributionMonth]) -> None:
    assert parse_months(write_months(some)) == some


@given(st.text(alphabet="0123456789-.; ", max_size=40))
def test_any_text_gives_months_or_the_one_error(text: str) -> None:
    try:
        months = parse_months(text)
    except MalformedMonth:
        return
    assert parse_months(write_months(months)) == months
