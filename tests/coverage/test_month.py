# SPDX-License-Identifier: Apache-2.0
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.errors import MalformedMonth
from cardservice.coverage.month import ContributionMonth

any_month = st.builds(ContributionMonth, st.integers(1, 9999), st.integers(1, 12))


@given(any_month)
def test_text_and_number_read_back(month: ContributionMonth) -> None:
    assert ContributionMonth.parse(str(month)) == month
    assert ContributionMonth.from_number(month.number) == month


@given(st.dates(date(1, 2, 1), date(9999, 11, 30)))
def test_a_day_lies_in_its_month_and_no_other(day: date) -> None:
    month = ContributionMonth.of(day)
    assert month.first_day <= day <= month.last_day
    assert month.last_day + timedelta(1) == (month + 1).first_day
    assert (month + -1).last_day + timedelta(1) == month.first_day


@given(st.integers(1, 9000), st.integers(1, 12), st.integers(-11, 10_000))
def test_adding_and_subtracting_agree(year: int, number: int, steps: int) -> None:
    month = ContributionMonth(year + 1, number)
    assert (month + steps) - month == steps
    assert (month + steps > month) == (steps > 0)


@pytest.mark.parametrize(
    ("text", "last"),
    [("2024-02", 29), ("2026-02", 28), ("2100-02", 28), ("2000-02", 29), ("2026-04", 30), ("2026-12", 31)],
)
def test_last_days(text: str, last: int) -> None:
    assert ContributionMonth.parse(text).last_day.day == last


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-1",
        "202601",
        "2026-01-01",
        "26-01",
        "\u0662\u0660\u0662\u0666-\u0660\u0661",
        "0000-01",
        "2026-01\n",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedMonth):
        ContributionMonth.parse(text)


@pytest.mark.parametrize("number", [-1, 0, 13, 202600, 202613, 1_000_001, 10**9])
def test_other_numbers_are_refused(number: int) -> None:
    with pytest.raises(MalformedMonth):
        ContributionMonth.from_number(number)


def test_the_calendar_ends() -> None:
    with pytest.raises(MalformedMonth):
        ContributionMonth(9999, 12) + 1


def test_a_range_of_months() -> None:
    first = ContributionMonth(2026, 11)
    assert [str(month) for month in first.up_to(ContributionMonth(2027, 2))] == [
        "2026-11",
        "2026-12",
        "2027-01",
        "2027-02",
    ]
    assert first.up_to(ContributionMonth(2026, 10)) == ()
