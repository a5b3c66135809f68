# SPDX-License-Identifier: Apache-2.0
"""A group pays: priced by tariff, credited to all or to none, held or refused where the sum is wrong, and reconciled row by row."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from cardservice.collection import credit_together
from cardservice.collection.errors import CollectionOutOfScope, GroupSumMismatch, ReferenceConflict
from cardservice.collection.group.pay import Settled, Waiting
from cardservice.collection.group.payer import register_payer
from cardservice.collection.group.statement import BillStatement, bill_statement
from cardservice.coverage.decision import CoverState
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import WorkSector
from cardservice.enrolment.scope import Deed
from cardservice.records import audit_events, enrolments, ledger_change
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.enrolments import Enrolment
from cardservice.records.errors import RecordNotFound
from cardservice.records.group_payers import Mismatch
from cardservice.records.intermediaries import SCHEME_ID
from cardservice.records.ledger_change import LedgerChange
from tests.collection.groups import CODE, NOW, Cooperative
from tests.collection.till import ONE_MONTH, give_number, table_sizes
from tests.enrolment.lines import scope, take_in
from tests.records import rows


@pytest.fixture
def cooperative(database: Database) -> Cooperative:
    made = Cooperative(database)
    made.enrol(1, 2, 3)
    return made


def statement(cooperative: Cooperative, reference: str = "2026-11") -> BillStatement:
    with cooperative.database.begin() as connection:
        return bill_statement(connection, CODE, reference)


def test_one_sum_covers_everybody_on_the_list(cooperative: Cooperative) -> None:
    drawn = cooperative.bill("P-0001,3\nP-0002,1\n")
    assert drawn.rupiah == 4 * ONE_MONTH
    assert cooperative.months(1) == ""
    outcome = cooperative.pay(4 * ONE_MONTH)
    assert isinstance(outcome, Settled)
    assert outcome.deposit == 0
    assert cooperative.months(1) == "2026-11..2027-01"
    assert cooperative.months(2) == "2026-11"
    assert cooperative.months(3) == ""
    assert cooperative.cover(1, NOW)
    assert not cooperative.cover(1, NOW - timedelta(seconds=1))  # money never covers a moment before it came


def test_a_bill_is_reconciled_to_its_members_row_by_row(cooperative: Cooperative) -> None:
    cooperative.bill("P-0001,3\nP-0002,1\n")
    assert not statement(cooperative).balanced
    cooperative.pay(4 * ONE_MONTH)
    told = statement(cooperative)
    assert told.balanced
    assert [(each.row.line, each.row.member_ref, each.row.rupiah, each.difference) for each in told.rows] == [
        (2, "P-0001", 3 * ONE_MONTH, 0),
        (3, "P-0002", ONE_MONTH, 0),
    ]
    assert [(share.member_ref, share.rupiah) for share in told.rows[0].shares] == [("P-0001", 3 * ONE_MONTH)]


def test_prices_follow_the_contribution_month(database: Database) -> None:
    """Half rate for other sectors ends with December 2026; a third month costs the whole."""
    cooperative = Cooperative(database)
    cooperative.enrol(1, work_sector=WorkSector.OTHER)
    assert cooperative.bill("P-0001,3\n").rupiah == 2 * 8_400 + 16_800


def test_debts_come_first_and_a_row_that_brings_no_cover_back_says_so(cooperative: Cooperative) -> None:
    cooperative.pay_alone(1, ONE_MONTH, "own", at=NOW - timedelta(days=200))  # May 2026
    (row,) = cooperative.bill("P-0001,2\n", dry_run=True).rows
    assert [str(each.month) for each in row.months if each.programme is Programme.JKK] == ["2026-06", "2026-07"]
    assert not row.reaches_now
    (row,) = cooperative.bill("P-0001,6\n", dry_run=True).rows
    assert row.reaches_now


def test_a_dry_run_and_a_list_with_a_bad_row_leave_nothing(cooperative: Cooperative) -> None:
    before = table_sizes(cooperative.database)
    assert cooperative.bill("P-0001,3\n", dry_run=True).rupiah == 3 * ONE_MONTH
    drawn = cooperative.bill("P-0001,3\nP-0009,1\nP-0001,1\n")
    assert [(each.line, each.rule.value) for each in drawn.problems] == [(3, "member-unknown"), (4, "member-repeated")]
    assert drawn.bill is None
    assert table_sizes(cooperative.database) == before
    with pytest.raises(RecordNotFound):
        cooperative.pay(3 * ONE_MONTH)


def test_a_payment_number_is_as_good_as_a_reference_until_it_ends(cooperative: Cooperative) -> None:
    number = give_number(cooperative.database, 1, add_member=False)
    ended = give_number(cooperative.database, 2, add_member=False, expires_at=NOW)
    drawn = cooperative.bill(f"{number},1\n{ended},1\n", dry_run=True)
    assert [row.member_ref for row in drawn.rows] == ["P-0001"]
    assert [each.rule.value for each in drawn.problems] == ["number-ended"]
    assert [each.rule.value for each in cooperative.bill(f"P-0001,1\n{number},1\n").problems] == ["member-repeated"]


def test_whom_the_scope_has_not_is_refused_by_row(database: Database) -> None:
    cooperative = Cooperative(database, scope(work_sectors=[WorkSector.OTHER]))
    cooperative.enrol(1)
    (problem,) = cooperative.bill("P-0001,1\n").problems
    assert (problem.rule.value, problem.evidence["ground"]) == ("out-of-scope", "WORK_SECTOR")


def test_a_scope_with_regions_has_those_who_live_there(database: Database) -> None:
    cooperative = Cooperative(database, scope(regions=frozenset({"3273"})))
    cooperative.enrol(1, 2, 3)
    with database.begin() as connection:
        enrolments.add_all(
            connection,
            [
                Enrolment(rows.identifier("member", 1), SCHEME_ID, "327301", NOW),
                Enrolment(rows.identifier("member", 2), SCHEME_ID, "3174", NOW),
            ],
        )
    drawn = cooperative.bill("P-0001,1\nP-0002,1\nP-0003,1\n")
    assert [row.member_ref for row in drawn.rows] == ["P-0001"]
    assert [each.evidence["ground"] for each in drawn.problems] == ["REGION", "REGION_NOT_TOLD"]


def test_who_may_not_collect_pays_for_nobody(database: Database) -> None:
    take_in(database, "DESA", scope(deeds=[Deed.ENROL]))
    with pytest.raises(CollectionOutOfScope), database.begin() as connection:
        register_payer(connection, "DESA", Mismatch.HOLD, by="ani", at=NOW)


def test_the_same_list_again_is_the_same_bill_and_another_is_refused(cooperative: Cooperative) -> None:
    first = cooperative.bill("P-0001,3\n")
    assert cooperative.bill("P-0001,3\n") == first
    with pytest.raises(ReferenceConflict):
        cooperative.bill("P-0001,4\n")


def test_the_same_sum_told_again_is_taken_in_once(cooperative: Cooperative) -> None:
    cooperative.bill("P-0001,3\n")
    first = cooperative.pay(3 * ONE_MONTH)
    sizes = table_sizes(cooperative.database)
    assert cooperative.pay(3 * ONE_MONTH) == first
    assert table_sizes(cooperative.database) == sizes
    with pytest.raises(ReferenceConflict) as refused:
        cooperative.pay(ONE_MONTH)
    assert (refused.value.evidence["kept"], refused.value.evidence["asked"]) == ("Rp25200, 2026-11", "Rp8400, 2026-11")
    cooperative.bill("P-0002,3\n", "second")
    with pytest.raises(ReferenceConflict):  # one sum is told for one bill
        cooperative.pay(3 * ONE_MONTH, bill="second")


def test_a_short_sum_is_held_and_nobody_is_credited_until_the_rest_comes(cooperative: Cooperative) -> None:
    cooperative.bill("P-0001,1\nP-0002,1\n")
    outcome = cooperative.pay(10_000)
    assert isinstance(outcome, Waiting)
    assert (outcome.missing, outcome.deposit) == (6_800, 10_000)
    assert cooperative.months(1) == cooperative.months(2) == ""
    later = NOW + timedelta(hours=2)
    assert cooperative.pay(6_800, "TRF-2", at=later)
    assert cooperative.cover(1, later)
    assert not cooperative.cover(1, later - timedelta(seconds=1))  # cover counts from the sum that completed the bill


def test_what_is_too_much_waits_for_the_next_bill(cooperative: Cooperative) -> None:
    cooperative.bill("P-0001,1\n")
    assert cooperative.pay(3 * ONE_MONTH).deposit == 2 * ONE_MONTH
    cooperative.bill("P-0002,2\n", "second")
    assert cooperative.pay(None, bill="second").deposit == 0
    assert cooperative.months(2) == "2026-11..2026-12"


def test_a_payer_who_refuses_wrong_sums_takes_nothing(database: Database) -> None:
    cooperative = Cooperative(database, mismatch=Mismatch.REFUSE)
    cooperative.enrol(1)
    cooperative.bill("P-0001,1\n")
    sizes = table_sizes(database)
    for rupiah, difference in ((8_399, -1), (8_401, 1)):
        with pytest.raises(GroupSumMismatch) as refused:
            cooperative.pay(rupiah)
        assert (refused.value.evidence["due"], refused.value.evidence["difference"]) == (ONE_MONTH, difference)
    assert table_sizes(database) == sizes
    assert cooperative.pay(ONE_MONTH)
    with pytest.raises(GroupSumMismatch):
        cooperative.pay(1, "TRF-2")


def test_a_fault_in_the_middle_credits_nobody(cooperative: Cooperative, monkeypatch: pytest.MonkeyPatch) -> None:
    cooperative.bill("P-0001,1\nP-0002,1\nP-0003,1\n")
    sizes = table_sizes(cooperative.database)
    calls = iter((False, True))

    writes = ledger_change.write_all

    def breaks(connection: Connection, changes: Sequence[LedgerChange]) -> None:
        if next(calls):
            raise ConnectionError
        writes(connection, changes)

    monkeypatch.setattr(credit_together, "TOGETHER", 2)
    monkeypatch.setattr(ledger_change, "write_all", breaks)
    with pytest.raises(ConnectionError):
        cooperative.pay(3 * ONE_MONTH)
    assert table_sizes(cooperative.database) == sizes
    monkeypatch.undo()
    assert cooperative.pay(3 * ONE_MONTH)


def test_who_paid_meanwhile_by_himself_loses_nothing(cooperative: Cooperative) -> None:
    cooperative.bill("P-0001,1\n")
    cooperative.pay_alone(1, ONE_MONTH, "own", at=NOW + timedelta(hours=1))
    cooperative.pay(ONE_MONTH, at=NOW + timedelta(hours=2))
    assert cooperative.months(1) == "2026-11..2026-12"
    assert cooperative.cover(1, NOW + timedelta(hours=1, seconds=1)).state is CoverState.ACTIVE


def test_every_step_is_in_the_trail(cooperative: Cooperative) -> None:
    cooperative.bill("P-0001,1\nP-0002,1\n")
    cooperative.pay(2 * ONE_MONTH)
    with cooperative.database.read() as connection:
        kinds = sorted(each.event.kind for chain in range(16) for each in audit_events.stream(connection, chain))
    assert kinds.count("payment.credited") == 2
    assert {"group.registered", "group.bill-drawn", "group.sum-received", "group.bill-settled"} <= set(kinds)
