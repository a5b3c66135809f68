# SPDX-License-Identifier: Apache-2.0
"""The list of the bench: every row is good, nobody is in it twice, and it is the same on every machine."""

from datetime import date

from bench import invented_list
from cardservice.enrolment.member_list import read_member_list


def test_every_row_is_good_and_the_list_is_always_the_same() -> None:
    written = "\n".join(invented_list.lines(2_500))
    listed = read_member_list(written.encode(), today=date(2026, 11, 23))
    assert listed.problems == ()
    assert len({row.nik for row in listed.rows}) == 2_500
    assert written == "\n".join(invented_list.lines(2_500))
