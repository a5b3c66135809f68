# SPDX-License-Identifier: Apache-2.0
"""What is owed through a month: what the ledger would pay next, and nothing once that much money has come."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.account import Account
from cardservice.coverage.arrears import months_owed
from cardservice.coverage.errors import MalformedStanding
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import Payment
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import ContributionBasis, Standing, WorkSector
from cardservice.coverage.terms import MemberTerms
from tests.coverage.ledgers import at
from tests.coverage.rules_2026 import RULES_2026

_NOW = at("2026-11-23 15:00")
_THROUGH = ContributionMonth(2026, 11)
_SECTORS = st.sampled_from(list(WorkSector))


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 120_000)), min_size=1, max_size=6),
    _SECTORS,
    st.sampled_from([(Programme.JKK, Programme.JKM), tuple(Programme)]),
    st.sampled_from([10_000, 20_500]),
)
def test_whoever_pays_what_is_owed_owes_nothing_and_a_rupiah_less_is_not_enough(
    paid: list[tuple[int, int]], sector: WorkSector, joined: tuple[Programme, ...], band: int
) -> None:
    basis = ContributionBasis(sector, full_monthly={Programme.JKK: band, Programme.JHT: 2 * band})
    terms = MemberTerms.constant(dict.fromkeys(joined), basis)
    payments = tuple(
        Payment(str(number), _NOW - timedelta(days=ago), _NOW - timedelta(days=ago), rupiah)
        for number, (ago, rupiah) in enumerate(paid)
    )

    def owed(*more: Payment) -> int:
        standing = Account((*payments, *more), (), terms).known_at(_NOW, RULES_2026)
        return sum(due.amount_rupiah or 0 for due in months_owed(standing, _THROUGH, RULES_2026))

    rupiah = owed()
    if rupiah:
        assert owed(Payment("rest", _NOW, _NOW, rupiah)) == 0
        assert rupiah == 1 or owed(Payment("nearly", _NOW, _NOW, rupiah - 1)) == 1


def test_without_prices_nothing_is_said() -> None:
    with pytest.raises(MalformedStanding):
        months_owed(Standing({}), _THROUGH, RULES_2026)
