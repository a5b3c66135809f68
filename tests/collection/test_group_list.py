# SPDX-License-Identifier: Apache-2.0
"""A group's list: what is read, and each fault by line, field and rule."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.collection.errors import GroupListUnreadable
from cardservice.collection.group.list import MAX_OCTETS, GroupListRow, read_group_list
from cardservice.collection.payment_number import new_payment_number

NUMBER = new_payment_number(random.Random(1).randbytes)


def test_rows_by_reference_and_by_payment_number_in_any_order_of_columns() -> None:
    read = read_group_list(f"\ufeffmonths,member\r\n3,P-0001\r\n\r\n12,{NUMBER}\r\n".encode())
    assert read.problems == ()
    assert read.rows == (GroupListRow(2, "P-0001", False, 3), GroupListRow(4, NUMBER, True, 12))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("P-0001,0", [("months", "months-range")]),
        ("P-0001,13", [("months", "months-range")]),
        ("P-0001,3.0", [("months", "months-range")]),
        ("P-0001,٣", [("months", "months-range")]),
        ("3273012304900001,3", [("member", "member-form")]),  # a NIK is neither looked up nor repeated
        (f"{NUMBER[:-1]}{(int(NUMBER[-1]) + 1) % 10},3", [("member", "member-form")]),
        ("P 1,x", [("member", "member-form"), ("months", "months-range")]),
        ("P-0001", [("", "field-count")]),
        ('"P-0001,3', [("", "quoting")]),
    ],
)
def test_a_bad_row_is_told_and_the_next_is_read(row: str, told: list[tuple[str, str]]) -> None:
    read = read_group_list(f"member,months\n{row}\nP-0002,1\n".encode())
    assert [(each.line, each.field, each.rule.value) for each in read.problems] == [(2, *one) for one in told]
    assert [each.member for each in read.rows] == ["P-0002"]
    assert "3273012304900001" not in str(read.problems)


@pytest.mark.parametrize(
    "octets",
    [b"", b"member,months", b"nik,months\n1,1", b"member,months\n\xff,1", b"m" * (MAX_OCTETS + 1)],
)
def test_what_is_no_list_is_refused(octets: bytes) -> None:
    with pytest.raises(GroupListUnreadable):
        read_group_list(octets)


def test_more_rows_than_one_transaction_takes_are_refused() -> None:
    text = "member,months\n" + "".join(f"P-{number},1\n" for number in range(5_001))
    with pytest.raises(GroupListUnreadable):
        read_group_list(text.encode())


@given(st.binary(max_size=200))
def test_octets_are_read_or_refused(octets: bytes) -> None:
    with suppress(GroupListUnreadable):
        read = read_group_list(b"member,months\n" + octets)
        assert len(read.rows) + len({each.line for each in read.problems}) > 0
