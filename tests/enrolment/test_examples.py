# SPDX-License-Identifier: Apache-2.0
"""examples/members.csv: made by the script beside it, with the members that the walk shows and one of each common fault."""

import runpy
from datetime import date
from pathlib import Path

import pytest

from cardservice.coverage.decision import CoverState, Reason
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import PaidMonths, Standing
from cardservice.enrolment.member_list import MemberList, read_member_list
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.row_problem import Rule
from tests.coverage.rules_2026 import decide
from tests.coverage.standings import noon
from tests.enrolment.rows import TODAY

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def listed() -> MemberList:
    return read_member_list((EXAMPLES / "members.csv").read_bytes(), today=TODAY)


def standing(row: MemberRow) -> Standing:
    return Standing(dict.fromkeys(row.programmes, PaidMonths.of(row.months)))


def by_ref(listed: MemberList, ref: str) -> MemberRow:
    return next(row for row in listed.rows if row.ref == ref)


def test_the_committed_list_is_what_the_script_writes() -> None:
    written = runpy.run_path(str(EXAMPLES / "make_members.py"))["member_list"]()
    assert (EXAMPLES / "members.csv").read_bytes() == written.encode()


def test_200_members_and_one_of_each_fault(listed: MemberList) -> None:
    assert len(listed.rows) == 200
    assert sorted(problem.rule for problem in listed.problems) == sorted(
        [
            Rule.NIK_DIGITS,
            Rule.NIK_BIRTH_DATE,
            Rule.REF_REPEATED,
            Rule.NIK_REPEATED,
            Rule.MONTHS,
            Rule.BASE_PAIR,
            Rule.BIRTH_DATE,
        ]
    )


@pytest.mark.parametrize(
    ("ref", "programmes"),
    [("P-0001", "JKK JKM JHT"), ("P-0005", "JKK JKM"), ("P-0006", "JKK JKM JHT")],
)
def test_members_of_the_walk_who_are_covered(listed: MemberList, ref: str, programmes: str) -> None:
    for name in programmes.split():
        decision = decide(standing(by_ref(listed, ref)), Programme(name), TODAY, now=noon(TODAY))
        assert decision.state is CoverState.ACTIVE


def test_the_member_in_grace(listed: MemberList) -> None:
    decision = decide(standing(by_ref(listed, "P-0003")), Programme.JKK, TODAY, now=noon(TODAY))
    assert decision.state is CoverState.GRACE
    assert decision.until == date(2026, 12, 31)


def test_the_member_who_lapsed_on_the_first_of_may(listed: MemberList) -> None:
    lapsed = standing(by_ref(listed, "P-0002"))
    assert decide(lapsed, Programme.JKK, date(2026, 4, 30), now=noon(TODAY))
    decision = decide(lapsed, Programme.JKK, date(2026, 5, 1), now=noon(TODAY))
    assert decision.reason is Reason.LAPSED


def test_the_member_who_never_paid(listed: MemberList) -> None:
    decision = decide(standing(by_ref(listed, "P-0004")), Programme.JKM, TODAY, now=noon(TODAY))
    assert decision.reason is Reason.NEVER_PAID


def test_histories_vary(listed: MemberList) -> None:
    states = [decide(standing(row), Programme.JKK, TODAY, now=noon(TODAY)).state for row in listed.rows]
    assert set(states) >= {CoverState.ACTIVE, CoverState.GRACE, CoverState.LAPSED, CoverState.NEVER}
    assert min(map(states.count, set(states))) >= 5
    assert sum(row.paid_on is not None for row in listed.rows) >= 5
    assert len({row.name for row in listed.rows}) >= 150
