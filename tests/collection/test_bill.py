# SPDX-License-Identifier: Apache-2.0
"""The bill: what money would buy now. Its lines, and that asking with enough money is asking with any amount more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.collection import bill as bill_module
from cardservice.collection.bill import BillLine, bill_lines, draw_bill
from cardservice.collection.bill_type import BillType, require_payable
from cardservice.collection.errors import AmountRefused, NothingDue
from cardservice.collection.member_ledger import MemberLedger
from cardservice.coverage.basis import ContributionBasis, Payer, WorkSector
from cardservice.coverage.ledger import Allocation
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import Payment
from cardservice.coverage.programme import Programme
from cardservice.coverage.terms import MemberTerms
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
JKK, JKM, JHT = Programme.JKK, Programme.JKM, Programme.JHT


def ledger(paid: list[tuple[int, int]], programmes: list[Programme], band: int) -> MemberLedger:
    payments = tuple(
        Payment(f"p{place}", NOW - timedelta(days=days), NOW - timedelta(days=days), rupiah)
        for place, (days, rupiah) in enumerate(paid)
    )
    basis = ContributionBasis(WorkSector.OTHER, Payer.SELF, {JKK: band, JHT: 2 * band})
    return MemberLedger(
        rows.member(1), payments, (), MemberTerms.constant(dict.fromkeys(programmes), basis), frozenset()
    )


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 600_000)), max_size=4),
    st.sampled_from([[JKK, JKM], [JKK, JKM, JHT], [JHT]]),
    st.sampled_from([10_000, 50_000, 207_000]),
)
def test_enough_money_asks_for_the_whole_bill(
    paid: list[tuple[int, int]], programmes: list[Programme], band: int
) -> None:
    known = ledger(paid, programmes, band)
    drawn = draw_bill(known, RULES_2026, NOW)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bill_module, "_enough", lambda *_: 10**12)
        assert draw_bill(known, RULES_2026, NOW) == drawn
    assert 0 <= drawn.due <= drawn.ceiling
    assert drawn.ceiling == 0 or 0 < drawn.one_month <= drawn.ceiling  # 0: a year ahead is paid


@pytest.mark.parametrize("name", ["0" * 32, "a" * 32, "f" * 32])
def test_money_of_this_very_moment_has_paid_the_bill_already(name: str) -> None:
    known = ledger([], [JKK, JKM], 10_000)
    due = draw_bill(known, RULES_2026, NOW).due
    paid = replace(known, payments=(Payment(name, NOW, NOW, due),))
    assert draw_bill(paid, RULES_2026, NOW).due == 0


def part(programme: Programme, year: int, month: int, rupiah: int = 100) -> Allocation:
    return Allocation("bill", programme, ContributionMonth(year, month), rupiah)


def test_lines_are_runs_of_months_by_programme() -> None:
    parts = [part(JKK, 2026, 1), part(JKK, 2026, 2), part(JKK, 2026, 5), part(JKM, 2026, 1)]
    assert bill_lines(parts, 5) == (
        BillLine((JKK,), ContributionMonth(2026, 1), ContributionMonth(2026, 2), 200),
        BillLine((JKK,), ContributionMonth(2026, 5), ContributionMonth(2026, 5), 100),
        BillLine((JKM,), ContributionMonth(2026, 1), ContributionMonth(2026, 1), 100),
    )
    assert [line.rupiah for line in bill_lines(parts, 2)] == [300, 100]
    assert [(line.programmes, line.rupiah) for line in bill_lines(parts, 1)] == [((JKK, JKM), 400)]


PAYABLE = {"due": 300, "one_month": 100, "ceiling": 1_500, "month": "2026-11"}


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (BillType.CLOSED, [300], [299, 301, 100]),
        (BillType.PARTIAL, [1, 300], [0, 301]),
        (BillType.LIMIT, [1, 300], [0, 301]),
        (BillType.OPEN_MAXIMUM, [1, 300], [0, 301]),
        (BillType.MINIMUM_ONCE, [100, 1_500], [99, 1_501]),
        (BillType.OPEN_MINIMUM, [100, 1_500], [99, 1_501]),
        (BillType.OPEN, [1, 1_500], [0, 1_501]),
    ],
)
def test_amounts_by_type(kind: BillType, good: list[int], bad: list[int]) -> None:
    for rupiah in good:
        require_payable(kind, rupiah=rupiah, **PAYABLE)  # type: ignore[arg-type] # whole numbers and a month
    for rupiah in bad:
        with pytest.raises(AmountRefused):
            require_payable(kind, rupiah=rupiah, **PAYABLE)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize("kind", list(BillType))
def test_what_is_paid_is_paid_except_where_months_are_sold_ahead(kind: BillType) -> None:
    owed = PAYABLE | {"due": 0}
    if kind.sells_ahead:
        require_payable(kind, rupiah=100, **owed)  # type: ignore[arg-type] # as above
        return
    with pytest.raises(NothingDue):
        require_payable(kind, rupiah=100, **owed)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize("kind", list(BillType))
def test_who_paid_a_year_ahead_is_told_so(kind: BillType) -> None:
    with pytest.raises(NothingDue):
        require_payable(kind, rupiah=100, **(PAYABLE | {"due": 0, "ceiling": 0}))  # type: ignore[arg-type] # as above


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        ("2026-11-30T23:59:59+07:00", "2026-11"),  # the last second of a month in Jakarta
        ("2026-12-01T00:00:00+07:00", "2026-12"),
        ("2026-12-01T00:59:59+08:00", "2026-11"),  # December in Makassar, November in Jakarta
        ("2026-12-01T01:59:59+09:00", "2026-11"),  # and in Jayapura
        ("2026-11-30T17:00:00+00:00", "2026-12"),
        ("2026-12-31T16:59:59+00:00", "2026-12"),
        ("2028-02-29T23:59:59+07:00", "2028-02"),  # leap day
        ("2028-02-29T17:00:00+00:00", "2028-03"),
    ],
)
def test_a_bill_is_of_jakartas_month(moment: str, month: str) -> None:
    drawn = draw_bill(ledger([], [JKK, JKM], 10_000), RULES_2026, datetime.fromisoformat(moment))
    assert str(drawn.month) == month
    assert {str(each.month) for each in drawn.parts} == {month}
