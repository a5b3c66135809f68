# SPDX-License-Identifier: Apache-2.0
"""What decides the price of a month for one member: sector, payer and income band."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from cardservice.coverage.errors import MalformedStanding
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme


class WorkSector(StrEnum):
    """The sectors that PP 50/2025 tells apart."""

    TRANSPORT = "transport"
    OTHER = "other"


class Payer(StrEnum):
    """Who pays. Contributions from a public budget (APBN, APBD) get no PP 50/2025 discount."""

    SELF = "self"
    GROUP = "group"
    APBN = "apbn"
    APBD = "apbd"

    @property
    def is_public_budget(self) -> bool:
        """Whether the money comes from the state's or a region's budget."""
        return self in {Payer.APBN, Payer.APBD}


class BasisByMonth(Protocol):
    """What tells a member's basis for a contribution month."""

    def for_month(self, month: ContributionMonth) -> "ContributionBasis":
        """The basis of one month."""
        ...


@dataclass(frozen=True, slots=True)
class ContributionBasis:
    """What decides the price of a month for one member.

    ``full_monthly`` is the member's undiscounted monthly contribution by income band in whole rupiah, for JKK and JHT; a programme that
    is absent costs the lowest band. JKM is flat and not looked up here.
    """

    work_sector: WorkSector = WorkSector.OTHER
    payer: Payer = Payer.SELF
    full_monthly: Mapping[Programme, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(rupiah <= 0 for rupiah in self.full_monthly.values()):
            raise MalformedStanding(rule="a monthly contribution is a positive whole number of rupiah")

    def for_month(self, month: ContributionMonth) -> "ContributionBasis":  # noqa: ARG002 - BasisByMonth's; this one never changes
        """Itself."""
        return self
