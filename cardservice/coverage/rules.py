# SPDX-License-Identifier: Apache-2.0
"""The shape of the rules that decide cover and price a month; each rule carries its citation and how sure we are of it.

The figures themselves are data: dated, signed packs (``rule_pack.py``), of which ``packs_in_force.py`` says which one decides.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cardservice.coverage.basis import ContributionBasis, Payer, WorkSector
from cardservice.coverage.errors import UnknownTariff
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme


class Confidence(StrEnum):
    """How sure we are of a rule until counsel has read the article itself."""

    HIGH = "high"
    MEDIUM = "medium"
    MEMORY = "memory"  # known, and not looked up again
    ASSUMED = "assumed"  # no source says it; something had to be decided


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule comes from."""

    text: str
    confidence: Confidence


class Arrears(StrEnum):
    """Which unpaid months a lapsed member pays to be covered again."""

    ALL_UNPAID_MONTHS = "all-unpaid-months"
    CURRENT_MONTH_ONLY = "current-month-only"


class AllocationOrder(StrEnum):
    """In which order money that names no month pays what is owed."""

    OLDEST_FIRST = "oldest-first"
    CURRENT_FIRST = "current-first"  # the month of the payment, then the debts, then following months


@dataclass(frozen=True, slots=True)
class Tariff:
    """The undiscounted price of one month, from the contribution month ``first`` on; None: of all months before the next tariff.

    A flat tariff costs ``minimum_rupiah`` for everyone, another what the income band says.
    """

    minimum_rupiah: int
    is_flat: bool
    citation: Citation
    first: ContributionMonth | None = None


@dataclass(frozen=True, slots=True)
class HalfRate:
    """A window of contribution months in which some programmes cost half, for one work sector (PP 50/2025), but not if some payers pay."""

    programmes: frozenset[Programme]
    work_sector: WorkSector
    first: ContributionMonth
    last: ContributionMonth
    citation: Citation
    not_for_payers: frozenset[Payer]

    def concerns(self, programme: Programme, basis: ContributionBasis) -> bool:
        """Whether the months of the window cost this member half."""
        return (
            programme in self.programmes
            and basis.work_sector is self.work_sector
            and basis.payer not in self.not_for_payers
        )

    def applies(self, programme: Programme, month: ContributionMonth, basis: ContributionBasis) -> bool:
        """Whether this month of this member costs half."""
        return self.first <= month <= self.last and self.concerns(programme, basis)


@dataclass(frozen=True, slots=True)
class Benefit:
    """The most that a programme pays, whole rupiah, and how much less in the first months of cover. A month begun counts as one."""

    limit_rupiah: int
    limited_rupiah: int
    limited_months: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class Reinstatement:
    """What a return after a lapse means: for how many months it is told, and whether the limited benefit begins anew with it."""

    told_months: int
    limited_period_restarts: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class Rules:
    """One rule pack. ``number`` names it in tokens and cover proofs; ``paid_together`` are programmes that no channel sells apart.

    ``tariffs`` are in the order of their months. A programme without a row in ``benefits`` pays without a limit in money.
    """

    number: int
    grace_months: int
    grace_citation: Citation
    arrears: Arrears
    arrears_citation: Citation
    allocation: AllocationOrder
    allocation_citation: Citation
    tariffs: Mapping[Programme, tuple[Tariff, ...]]
    half_rates: tuple[HalfRate, ...]
    paid_together: frozenset[Programme]
    paid_together_citation: Citation
    benefits: Mapping[Programme, Benefit]
    reinstatement: Reinstatement

    def turns(self, joined: Collection[Programme]) -> tuple[tuple[Programme, ...], ...]:
        """In which order programmes are paid within a month: those that are sold together first and at once, then each by itself."""
        together = tuple(each for each in Programme if each in joined and each in self.paid_together)
        alone = tuple((each,) for each in Programme if each in joined and each not in self.paid_together)
        return ((together,) if together else ()) + alone

    def tariff(self, programme: Programme, month: ContributionMonth) -> Tariff | None:
        """The tariff of a contribution month."""
        begun = [each for each in self.tariffs.get(programme, ()) if each.first is None or each.first <= month]
        return begun[-1] if begun else None

    def monthly_rupiah(self, programme: Programme, month: ContributionMonth, basis: ContributionBasis) -> int:
        """What ``month`` costs this member, in whole rupiah, by the contribution month and never by the day of payment.

        Raises UnknownTariff where no rule prices the programme, or half of the price is no whole number of rupiah.
        """
        tariff = self.tariff(programme, month)
        if tariff is None:
            raise UnknownTariff(programme=programme, month=str(month))
        full = (
            tariff.minimum_rupiah
            if tariff.is_flat
            else max(tariff.minimum_rupiah, basis.full_monthly.get(programme, 0))
        )
        if not any(half_rate.applies(programme, month, basis) for half_rate in self.half_rates):
            return full
        half, rest = divmod(full, 2)
        if rest:
            raise UnknownTariff(programme=programme, month=str(month))
        return half
