# SPDX-License-Identifier: Apache-2.0
"""What a member of an income band contributes each month (docs/decisions/0053).

The band table of Lampiran II PP 44/2015 was not obtained. Until it is loaded, a band is named by the monthly income that the member
declares, and contributions follow the two rates that public simulators use: JKK 1 %, JHT 2 %. Both are whole thousands of rupiah.
"""

from collections.abc import Mapping

from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Citation, Confidence
from cardservice.coverage.standing import ContributionBasis, Payer, WorkSector

LOWEST_INCOME = 1_000_000  # rupiah a month: 1 % is the lowest JKK contribution of 10,000
HIGHEST_INCOME = 20_700_000  # 1 % is the highest, 207,000
INCOME_STEP = 100_000
CITATION = Citation(
    "Public contribution simulators: JKK 1 % of income, at least 10,000; JHT 2 %. To be replaced by Lampiran II PP 44/2015",
    Confidence.MEDIUM,
)
_PERCENT = {Programme.JKK: 1, Programme.JHT: 2}


def is_income_band(income: int) -> bool:
    """Whether a declared monthly income in whole rupiah names a band."""
    return LOWEST_INCOME <= income <= HIGHEST_INCOME and income % INCOME_STEP == 0


def full_monthly(income_band: int) -> Mapping[Programme, int]:
    """The undiscounted monthly contributions that depend on income, in whole rupiah."""
    return {programme: income_band * percent // 100 for programme, percent in _PERCENT.items()}


def contribution_basis(work_sector: WorkSector, payer: Payer, income_band: int) -> ContributionBasis:
    """What decides the price of a month for such a member."""
    return ContributionBasis(work_sector, payer, full_monthly(income_band))
