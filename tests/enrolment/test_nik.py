# SPDX-License-Identifier: Apache-2.0
"""The shape of a NIK: what passes and what does not, with numbers that nobody has."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.enrolment.nik import nik_fault


@pytest.mark.parametrize(
    "nik",
    [
        "3171010510909001",
        "3171014510909001",  # a woman: day + 40
        "3171017112909001",  # the 31st + 40
        "3171012902009001",  # 29 February 2000
        "3171016902969001",  # 29 February 1996, a woman
        "9471010101009999",
    ],
)
def test_numbers_of_the_right_shape(nik: str) -> None:
    assert nik_fault(nik) is None


@pytest.mark.parametrize(
    ("nik", "rule"),
    [
        ("", "nik-digits"),
        ("317101051090900", "nik-digits"),
        ("31710105109090011", "nik-digits"),
        ("317101051090900A", "nik-digits"),
        ("3171 0105 1090 9001", "nik-digits"),
        ("٣١٧١٠١٠٥١٠٩٠٩٠٠١", "nik-digits"),  # digits, but not these
        ("3171010510909001\n", "nik-digits"),
        ("0071010510909001", "nik-district"),
        ("9971010510909001", "nik-district"),
        ("3100010510909001", "nik-district"),
        ("3171000510909001", "nik-district"),
        ("3171010010909001", "nik-birth-date"),
        ("3171013210909001", "nik-birth-date"),
        ("3171014010909001", "nik-birth-date"),
        ("3171017210909001", "nik-birth-date"),
        ("3171010513909001", "nik-birth-date"),
        ("3171010500909001", "nik-birth-date"),
        ("3171013102909001", "nik-birth-date"),
        ("3171012902019001", "nik-birth-date"),  # neither 1901 nor 2001 has the day
        ("3171010510900000", "nik-serial"),
    ],
)
def test_numbers_of_another_shape_and_the_rule_they_break(nik: str, rule: str) -> None:
    assert nik_fault(nik) == rule


@given(
    st.sampled_from(["11", "31", "53", "76", "94"]),
    st.integers(1, 9999),
    st.dates(date(1910, 1, 1), date(2020, 12, 31)),
    st.sampled_from([0, 40]),
    st.integers(1, 9999),
)
def test_every_birth_date_of_either_sex_passes(
    province: str, district: int, born: date, offset: int, serial: int
) -> None:
    place = f"{province}{district % 99 + 1:02d}{district % 97 + 1:02d}"
    assert nik_fault(f"{place}{born.day + offset:02d}{born:%m%y}{serial:04d}") is None


@given(st.text(max_size=20))
def test_any_text_is_answered_and_only_16_digits_may_pass(text: str) -> None:
    fault = nik_fault(text)
    assert fault is not None or (len(text) == 16 and text.isascii() and text.isdigit())
