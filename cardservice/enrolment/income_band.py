# SPDX-License-Identifier: Apache-2.0
"""What a member of an income band contributes each month (docs/decisions/0053).

A band is named by its undiscounted monthly JKK contribution in rupiah, as the bill of every payment channel states it: so nothing is
computed from an income by a table that was not obtained (decision 0041).
"""

from collections.abc import Mapping

from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Citation, Confidence
from cardservice.coverage.standing import ContributionBasis, Payer, WorkSector

LOWEST_BAND = 10_000  # rupiah a month (facts/contributions.md, "JKK contribution")
HIGHEST_BAND = 207_000  # [memory, as above]
BAND_STEP = 500  # half of it is a whole number of rupiah
JHT_FACTOR = 2
CITATION = Citation(
    "Public contribution simulators: JKK about 1 %, JHT 2 % of the same band, so JHT is twice JKK; the lowest band, 10,000 and 20,000, agrees",
    Confidence.MEDIUM,
)


def is_income_band(band: int) -> bool:
    """Whether a monthly JKK contribution in whole rupiah can name a band."""
    return LOWEST_BAND <= band <= HIGHEST_BAND and band % BAND_STEP == 0


def full_monthly(income_band: int) -> Mapping[Programme, int]:
    """The undiscounted monthly contributions that depend on the band, in whole rupiah."""
    return {Programme.JKK: income_band, Programme.JHT: income_band * JHT_FACTOR}


def contribution_basis(work_sector: WorkSector, payer: Payer, income_band: int) -> ContributionBasis:
    """What decides the price of a month for such a member."""
    return ContributionBasis(work_sector, payer, full_monthly(income_band))
