# SPDX-License-Identifier: Apache-2.0
"""The edges of the PP 50/2025 half-rate windows (facts/contributions.md, section 4)."""

import pytest

from cardservice.coverage.errors import MalformedStanding, UnknownTariff
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import ContributionBasis, Payer, WorkSector
from tests.coverage.rules_2026 import RULES_2026
from tests.coverage.standings import month

_EDGES = [
    ("2025-12", False, False),
    ("2026-01", True, False),
    ("2026-03", True, False),
    ("2026-04", True, True),
    ("2026-12", True, True),
    ("2027-01", True, False),
    ("2027-03", True, False),
    ("2027-04", False, False),
]


@pytest.mark.parametrize(("text", "transport_half", "other_half"), _EDGES)
@pytest.mark.parametrize(("programme", "full"), [(Programme.JKK, 10_000), (Programme.JKM, 6_800)])
def test_edges_of_the_windows(
    text: str, programme: Programme, full: int, *, transport_half: bool, other_half: bool
) -> None:
    for sector, is_half in ((WorkSector.TRANSPORT, transport_half), (WorkSector.OTHER, other_half)):
        basis = ContributionBasis(sector)
        assert RULES_2026.monthly_rupiah(programme, month(text), basis) == (full // 2 if is_half else full)


@pytest.mark.parametrize("text", [edge[0] for edge in _EDGES])
def test_old_age_savings_are_never_halved(text: str) -> None:
    for sector in WorkSector:
        assert RULES_2026.monthly_rupiah(Programme.JHT, month(text), ContributionBasis(sector)) == 20_000


@pytest.mark.parametrize("payer", [Payer.APBN, Payer.APBD])
def test_public_budgets_pay_in_full(payer: Payer) -> None:
    basis = ContributionBasis(WorkSector.TRANSPORT, payer)
    assert RULES_2026.monthly_rupiah(Programme.JKM, month("2026-06"), basis) == 6_800


def test_the_minimum_bundle_is_16_800_and_8_400() -> None:
    def bundle(text: str) -> int:
        pair = (Programme.JKK, Programme.JKM)
        return sum(RULES_2026.monthly_rupiah(programme, month(text), ContributionBasis()) for programme in pair)

    assert bundle("2026-03") == 16_800
    assert bundle("2026-04") == 8_400


def test_the_band_of_a_member_decides_above_the_minimum() -> None:
    def jkk(full: int) -> int:
        basis = ContributionBasis(full_monthly={Programme.JKK: full, Programme.JKM: 99_000})
        assert RULES_2026.monthly_rupiah(Programme.JKM, month("2025-06"), basis) == 6_800
        return RULES_2026.monthly_rupiah(Programme.JKK, month("2025-06"), basis)

    assert jkk(207_000) == 207_000
    assert jkk(2_000) == 10_000


def test_half_a_rupiah_is_never_rounded() -> None:
    basis = ContributionBasis(full_monthly={Programme.JKK: 12_001})
    assert RULES_2026.monthly_rupiah(Programme.JKK, month("2026-03"), basis) == 12_001
    with pytest.raises(UnknownTariff):
        RULES_2026.monthly_rupiah(Programme.JKK, month("2026-04"), basis)


def test_a_contribution_is_positive() -> None:
    with pytest.raises(MalformedStanding):
        ContributionBasis(full_monthly={Programme.JHT: 0})


def test_every_rule_says_where_it_comes_from() -> None:
    rules = RULES_2026
    citations = [rules.grace_citation, rules.arrears_citation, rules.paid_together_citation, rules.allocation_citation]
    citations += [tariff.citation for tariffs in rules.tariffs.values() for tariff in tariffs]
    citations += [half_rate.citation for half_rate in rules.half_rates]
    assert all(len(citation.text) > 10 for citation in citations)
    assert set(rules.tariffs) == set(Programme)
