# SPDX-License-Identifier: Apache-2.0
"""A leaver's months go to a joiner: only what lies wholly ahead, the sum unchanged, and nothing covered before the moment of the move."""

from datetime import timedelta

import pytest

from cardservice.collection.errors import MonthsNotMovable, ReferenceConflict
from cardservice.collection.group import move as module
from cardservice.collection.group.payer import join_group, leave_group
from cardservice.collection.group.statement import bill_statement
from cardservice.coverage.decision import CoverState
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records import group_moves, group_payers
from cardservice.records.database import Database
from cardservice.records.errors import IdempotencyConflict, RecordNotFound
from tests.collection.groups import CODE, NOW, Cooperative
from tests.collection.till import ONE_MONTH, table_sizes
from tests.records import rows

LATER = NOW + timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def cooperative(database: Database) -> Cooperative:
    """P-0001 is paid through January by the group, P-0002 is a joiner, P-0003 is neither."""
    made = Cooperative(database)
    made.enrol(1, 2, 3)
    made.bill("P-0001,3\n")
    made.pay(3 * ONE_MONTH)
    join(made, "P-0002")
    return made


def join(cooperative: Cooperative, ref: str) -> None:
    with cooperative.database.begin() as connection:
        join_group(connection, CODE, ref, by="ani", at=NOW)


def move(cooperative: Cooperative, asked: dict[str, str]) -> None:
    cooperative.move(asked["leaver"], asked["joiner"], asked["first"], reason=asked["reason"])


def test_months_ahead_move_and_the_sum_stays(cooperative: Cooperative) -> None:
    moved = cooperative.move("P-0001", "P-0002")
    assert {str(each.month) for each in moved} == {"2026-12", "2027-01"}
    assert cooperative.months(1) == "2026-11"
    assert cooperative.months(2) == "2026-12..2027-01"
    assert (cooperative.money(1), cooperative.money(2)) == (ONE_MONTH, 2 * ONE_MONTH)
    with cooperative.database.begin() as connection:
        told = bill_statement(connection, CODE, "2026-11")
    assert told.balanced
    assert sorted((share.member_ref, share.rupiah) for share in told.rows[0].shares) == [
        ("P-0001", ONE_MONTH),
        ("P-0002", 2 * ONE_MONTH),
    ]


def test_the_leaver_keeps_the_month_begun_and_the_grace_after_it(cooperative: Cooperative) -> None:
    before = [cooperative.cover(1, NOW + hours * timedelta(hours=1)).state for hours in range(24)]
    cooperative.move("P-0001", "P-0002")
    assert [cooperative.cover(1, NOW + hours * timedelta(hours=1)).state for hours in range(24)] == before
    assert cooperative.cover(1, NOW + 20 * DAY).state is CoverState.GRACE


def test_the_joiner_is_covered_from_the_month_on_and_not_before_the_move(cooperative: Cooperative) -> None:
    cooperative.move("P-0001", "P-0002", at=LATER)
    assert not cooperative.cover(2, LATER)
    assert cooperative.cover(2, NOW + 10 * DAY).state is CoverState.ACTIVE
    paid = cooperative.cover(2, NOW + 10 * DAY)
    assert str(paid.paid_through) == "2027-01"


def test_a_move_asked_again_is_one_move(cooperative: Cooperative) -> None:
    first = cooperative.move("P-0001", "P-0002")
    sizes = table_sizes(cooperative.database)
    assert cooperative.move("P-0001", "P-0002") == first
    assert cooperative.move("P-0001", "P-0002", by="budi") == first  # whoever asks again
    assert table_sizes(cooperative.database) == sizes


@pytest.mark.parametrize(
    "changed",
    [
        {"joiner": "P-0003"},
        {"leaver": "P-0002", "joiner": "P-0001"},
        {"first": "2027-01"},
        {"first": "2026-11"},
        {"reason": "another reason"},
    ],
)
def test_anything_else_under_the_reference_of_a_move_is_refused_and_both_are_shown(
    cooperative: Cooperative, changed: dict[str, str]
) -> None:
    asked = {"leaver": "P-0001", "joiner": "P-0002", "first": "2026-12", "reason": "left the village"}
    move(cooperative, asked)
    sizes = table_sizes(cooperative.database)
    other = asked | changed
    with pytest.raises(ReferenceConflict) as refused:
        move(cooperative, other)
    assert refused.value.evidence == {
        "reference": "M-1",
        "kept": "P-0001 > P-0002, 2026-12, left the village",
        "asked": f"{other['leaver']} > {other['joiner']}, {other['first']}, {other['reason']}",
    }
    assert table_sizes(cooperative.database) == sizes


def test_the_month_that_was_asked_is_compared_not_the_first_that_moved(cooperative: Cooperative) -> None:
    """P-0002 pays December himself first, so that the bill's months begin with January."""
    cooperative.pay_alone(2, 2 * ONE_MONTH, "own")  # November and December
    cooperative.bill("P-0002,2\n", "second")
    cooperative.pay(2 * ONE_MONTH, "TRF-2", bill="second")
    join(cooperative, "P-0003")
    moved = cooperative.move("P-0002", "P-0003", "2026-12", reference="M-3")
    assert min(each.month for each in moved) == ContributionMonth(2027, 1)
    assert cooperative.move("P-0002", "P-0003", "2026-12", reference="M-3") == moved
    with pytest.raises(ReferenceConflict):
        cooperative.move("P-0002", "P-0003", "2027-01", reference="M-3")


def test_sabotage_a_request_that_is_looked_up_but_not_compared_answers_for_another(
    cooperative: Cooperative, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: what was kept is not held against what is asked. Only the comparison refuses."""
    first = cooperative.move("P-0001", "P-0002")
    monkeypatch.setattr(module, "_demand_same", lambda *_: None)
    assert cooperative.move("P-0001", "P-0002", "2027-01") == first


def test_sabotage_where_nothing_is_looked_up_the_constraint_still_refuses(
    cooperative: Cooperative, monkeypatch: pytest.MonkeyPatch
) -> None:
    cooperative.move("P-0001", "P-0002", "2027-01")
    monkeypatch.setattr(group_moves, "find_request", lambda *_: None)
    with pytest.raises(IdempotencyConflict):
        cooperative.move("P-0001", "P-0002", "2026-12")
    assert cooperative.months(2) == "2027-01"


def test_months_can_move_on_and_the_row_still_balances(cooperative: Cooperative) -> None:
    cooperative.move("P-0001", "P-0002")
    join(cooperative, "P-0003")
    cooperative.move("P-0002", "P-0003", "2027-01", reference="M-2")
    assert [cooperative.months(number) for number in (1, 2, 3)] == ["2026-11", "2026-12", "2027-01"]
    with cooperative.database.begin() as connection:
        assert bill_statement(connection, CODE, "2026-11").balanced


@pytest.mark.parametrize(
    ("first", "joiner", "rule"),
    [
        ("2026-11", "P-0002", "begun"),
        ("2027-02", "P-0002", "nothing-ahead"),
        ("2026-12", "P-0003", "joiner-not-in-group"),
        ("2026-12", "P-0001", "one-person"),
    ],
)
def test_what_may_not_move_says_why_and_changes_nothing(
    cooperative: Cooperative, first: str, joiner: str, rule: str
) -> None:
    sizes = table_sizes(cooperative.database)
    with pytest.raises(MonthsNotMovable) as refused:
        cooperative.move("P-0001", joiner, first)
    assert refused.value.evidence["rule"] == rule
    assert table_sizes(cooperative.database) == sizes


def test_other_prices_other_programmes_and_months_paid_already_do_not_move(cooperative: Cooperative) -> None:
    cooperative.enrol(4, income_band=20_000)
    cooperative.enrol(5, programmes=frozenset({Programme.JKM}))
    cooperative.enrol(6)
    cooperative.pay_alone(6, 2 * ONE_MONTH, "own")
    for ref, rule in (("P-0004", "other-price"), ("P-0005", "programme-not-joined"), ("P-0006", "paid-already")):
        join(cooperative, ref)
        with pytest.raises(MonthsNotMovable) as refused:
            cooperative.move("P-0001", ref)
        assert refused.value.evidence["rule"] == rule


def test_what_the_leaver_paid_himself_stays(cooperative: Cooperative) -> None:
    cooperative.pay_alone(1, 2 * ONE_MONTH, "own", at=NOW + timedelta(minutes=1))  # February and March
    cooperative.move("P-0001", "P-0002")
    assert cooperative.months(1) == "2026-11..2027-01"  # his own money takes the place of what moved
    assert cooperative.money(1) == 3 * ONE_MONTH


def test_who_left_the_group_is_no_joiner_and_a_leaver_has_left(cooperative: Cooperative) -> None:
    with cooperative.database.begin() as connection:
        leave_group(connection, CODE, "P-0002", by="ani", at=NOW)
    with pytest.raises(RecordNotFound), cooperative.database.begin() as connection:
        leave_group(connection, CODE, "P-0002", by="ani", at=NOW)
    with pytest.raises(MonthsNotMovable):
        cooperative.move("P-0001", "P-0002")
    join(cooperative, "P-0002")
    cooperative.move("P-0001", "P-0002")
    with cooperative.database.read() as connection:
        present = group_payers.present(connection, moved_of(cooperative))
    assert present == [rows.identifier("member", 2)]


def moved_of(cooperative: Cooperative) -> str:
    return cooperative.move("P-0001", "P-0002")[0].intermediary_id
