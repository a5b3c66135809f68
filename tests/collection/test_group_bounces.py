# SPDX-License-Identifier: Apache-2.0
"""A group's transfer goes back: bill open again, every member's months and cover gone with it, and told so, once; paid again, it is as it was."""

from datetime import timedelta

import pytest

from cardservice.collection.errors import MoneyBounced, PartOfAWhole
from cardservice.collection.group.payer import join_group
from cardservice.collection.group.statement import BillStatement, bill_statement
from cardservice.collection.reports.money import groups
from cardservice.collection.reports.report import Period
from cardservice.collection.reverse_by_person import reverse_by_person
from cardservice.coverage.month import ContributionMonth
from cardservice.enrolment.intermediary import suspend_intermediary
from cardservice.records import audit_events, group_bills, payments
from cardservice.records.database import Database
from cardservice.records.errors import PaymentExists, PaymentReversedBefore, RecordNotFound
from tests.collection.groups import CODE, NOW, Cooperative
from tests.collection.test_group_at_once import at_once
from tests.collection.till import ONE_MONTH, table_sizes
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows

DAY = timedelta(days=1)
NOVEMBER = Period(ContributionMonth(2026, 11), ContributionMonth(2026, 11))


@pytest.fixture
def cooperative(database: Database) -> Cooperative:
    """P-0001 and P-0002 are paid by TRF-1."""
    made = Cooperative(database)
    made.enrol(1, 2, 3)
    made.bill("P-0001,3\nP-0002,1\n")
    made.pay(4 * ONE_MONTH)
    return made


def statement(cooperative: Cooperative) -> BillStatement:
    with cooperative.database.begin() as connection:
        return bill_statement(connection, CODE, "2026-11")


def report(cooperative: Cooperative) -> tuple[object, ...]:
    with cooperative.database.read() as connection:
        (row,) = groups(connection, NOVEMBER, 5).rows
    return row


def test_everything_that_the_sum_paid_says_that_it_is_not_paid(cooperative: Cooperative) -> None:
    assert statement(cooperative).balanced
    done = cooperative.bounce()
    assert [bill.reference for bill in done.reopened] == ["2026-11"]
    assert (done.deposit, done.again) == (0, False)
    told = statement(cooperative)
    assert (told.settled_at, told.balanced, len(told.reopenings)) == (None, False, 1)
    assert [each.difference for each in told.rows] == [3 * ONE_MONTH, ONE_MONTH]
    for number in (1, 2):
        assert cooperative.months(number) == ""
        assert cooperative.money(number) == 0
        assert not cooperative.cover(number, NOW + DAY)  # the next verification sees it
    assert report(cooperative) == ("2026-11", CODE, *([4 * ONE_MONTH] * 4))


def test_every_member_and_the_group_have_it_in_the_trail(cooperative: Cooperative) -> None:
    cooperative.bounce()
    with cooperative.database.read() as connection:
        own = [each.event for each in audit_events.of_member(connection, rows.identifier("member", 1))]
        kinds = {each.event.kind for chain in range(16) for each in audit_events.stream(connection, chain)}
    assert [each.kind for each in own].count("payment.reversed") == 1
    assert {"group.sum-bounced", "group.bill-reopened"} <= kinds


def test_told_again_it_is_one_bounce_and_the_sum_is_not_taken_again(cooperative: Cooperative) -> None:
    first = cooperative.bounce()
    sizes = table_sizes(cooperative.database)
    again = cooperative.bounce(at=NOW + 2 * DAY)
    assert (again.again, again.bounce, again.reopened) == (True, first.bounce, first.reopened)
    with pytest.raises(MoneyBounced) as refused:
        cooperative.pay(4 * ONE_MONTH)
    assert refused.value.evidence == {"reference": "TRF-1", "reason": "returned"}
    assert table_sizes(cooperative.database) == sizes
    with pytest.raises(RecordNotFound):
        cooperative.bounce("TRF-9")


def test_paid_again_the_bill_is_as_it_was_and_cover_counts_from_then(cooperative: Cooperative) -> None:
    cooperative.bounce()
    later = NOW + 2 * DAY
    assert cooperative.pay(4 * ONE_MONTH, "TRF-2", at=later)
    assert statement(cooperative).balanced
    assert (cooperative.months(1), cooperative.months(2)) == ("2026-11..2027-01", "2026-11")
    assert cooperative.cover(1, later)
    assert not cooperative.cover(1, later - timedelta(seconds=1))
    cooperative.bounce("TRF-2", at=later + DAY)
    assert cooperative.months(1) == ""
    assert cooperative.pay(4 * ONE_MONTH, "TRF-3", at=later + 2 * DAY)
    assert (statement(cooperative).balanced, len(statement(cooperative).reopenings)) == (True, 2)


def test_months_that_moved_are_taken_from_the_joiner_and_come_back_to_the_joiner(cooperative: Cooperative) -> None:
    with cooperative.database.begin() as connection:
        join_group(connection, CODE, "P-0003", by="ani", at=NOW)
    cooperative.move("P-0001", "P-0003")
    cooperative.bounce()
    assert [cooperative.months(number) for number in (1, 2, 3)] == ["", "", ""]
    cooperative.pay(4 * ONE_MONTH, "TRF-2", at=NOW + 2 * DAY)
    assert [cooperative.months(number) for number in (1, 2, 3)] == ["2026-11", "2026-11", "2026-12..2027-01"]
    assert statement(cooperative).balanced


def test_what_the_deposit_still_pays_for_stays_paid(cooperative: Cooperative) -> None:
    cooperative.pay(5 * ONE_MONTH, "TRF-2")  # all of it deposit
    done = cooperative.bounce()
    assert (done.reopened, done.deposit) == ((), ONE_MONTH)
    assert cooperative.months(1) == "2026-11..2027-01"


def test_the_bill_that_the_sum_was_told_for_opens_first_then_the_last_one(cooperative: Cooperative) -> None:
    cooperative.bill("P-0003,1\n", "second")
    cooperative.pay(ONE_MONTH, "TRF-2", bill="second", at=NOW + timedelta(hours=1))
    assert [bill.reference for bill in cooperative.bounce().reopened] == ["2026-11"]
    assert cooperative.months(3) == "2026-11"
    cooperative.pay(4 * ONE_MONTH, "TRF-3", at=NOW + 2 * DAY)
    assert [bill.reference for bill in cooperative.bounce("TRF-2", at=NOW + 3 * DAY).reopened] == ["second"]
    assert cooperative.months(1) == "2026-11..2027-01"


def test_a_sum_that_paid_for_two_bills_opens_both(cooperative: Cooperative) -> None:
    cooperative.bill("P-0003,1\n", "second")
    cooperative.bill("P-0003,1\nP-0001,1\n", "third")
    cooperative.pay(3 * ONE_MONTH, "TRF-2", bill="second")
    cooperative.pay(None, bill="third")
    assert {bill.reference for bill in cooperative.bounce("TRF-2").reopened} == {"second", "third"}
    assert (cooperative.months(3), cooperative.months(1)) == ("", "2026-11..2027-01")


def test_what_a_member_paid_himself_takes_the_place(cooperative: Cooperative) -> None:
    cooperative.pay_alone(2, ONE_MONTH, "own")  # December
    cooperative.bounce()
    assert cooperative.months(2) == "2026-11"


def test_a_suspended_payers_sum_goes_back_too(cooperative: Cooperative) -> None:
    with cooperative.database.begin() as connection:
        suspend_intermediary(connection, CODE, by="ani", reason="x", at=NOW)
    assert cooperative.bounce().reopened


def test_one_members_share_is_not_taken_back_alone(cooperative: Cooperative) -> None:
    with cooperative.database.read() as connection:
        ((own, _),) = payments.of_member(connection, rows.identifier("member", 1))
    sizes = table_sizes(cooperative.database)
    with pytest.raises(PartOfAWhole):
        reverse_by_person(
            cooperative.database,
            partner_id=own.partner_id,
            reference=own.reference,
            by="ani",
            reason="x",
            at=NOW,
            rules=RULES_2026,
        )
    assert table_sizes(cooperative.database) == sizes


@pytest.mark.parametrize("senders", [2, 16])
def test_a_bounce_told_from_many_sides_while_the_sum_is_told_again_happens_once(
    cooperative: Cooperative, senders: int
) -> None:
    def tell(number: int) -> object:
        if number % 2:
            try:
                return cooperative.pay(4 * ONE_MONTH)
            except MoneyBounced:
                return None
        return cooperative.bounce()

    at_once(senders, tell)
    assert (cooperative.months(1), cooperative.months(2)) == ("", "")
    assert cooperative.pay(None, at=NOW + 2 * DAY).deposit == 0
    sizes = table_sizes(cooperative.database)
    assert (sizes["group_sum_bounces"], sizes["group_reopenings"], sizes["payment_reversals"]) == (1, 1, 2)


def test_sabotage_where_nothing_is_looked_up_the_constraints_still_refuse(
    cooperative: Cooperative, monkeypatch: pytest.MonkeyPatch
) -> None:
    cooperative.bounce()
    cooperative.pay(4 * ONE_MONTH, "TRF-2", at=NOW + 2 * DAY)
    monkeypatch.setattr("cardservice.records.group_bounces.bounce_of", lambda *_: None)
    with pytest.raises(PaymentReversedBefore):
        cooperative.bounce()
    # A bill that is credited though it is paid: its payments have their names already.
    monkeypatch.setattr(group_bills, "settled_at", lambda *_: None)
    monkeypatch.setattr("cardservice.records.group_money.deposit", lambda *_: 100 * ONE_MONTH)
    monkeypatch.setattr("cardservice.records.group_bounces.taken_back", lambda *_: ())
    with pytest.raises(PaymentExists):
        cooperative.pay(None)
