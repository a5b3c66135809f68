# SPDX-License-Identifier: Apache-2.0
"""What is known of one member when cover is decided: which months are paid, since when, and what a month costs this member.

A ``card_standing`` row, a ledger or a cover proof all reduce to this value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, Self

from cardservice.coverage.basis import BasisByMonth, ContributionBasis, Payer, WorkSector
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.paid_months import PaidMonths, PaidSpan
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules

__all__ = ["ContributionBasis", "PaidMonths", "PaidSpan", "Payer", "Standing", "WorkSector"]


class Member(Protocol):
    """Whoever cover is decided for: something that reduces to a standing, as it was known at a moment."""

    def known_at(self, moment: datetime, rule_pack: Rules) -> "Standing":
        """The standing from what was known at ``moment``."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """One member's paid months per programme joined. ``basis`` is None where prices are not known, as on a card read offline.

    ``credit`` is money that waits for the next payment, whole rupiah. ``owed_from`` is each programme's first month owed, where a ledger tells;
    without it, what follows the last paid month is owed. ``stated_at`` is set where this is what a card says: it knows nothing of days before,
    nor of programmes that it doesn't name, nor since when a member is one.
    """

    paid: Mapping[Programme, PaidMonths]
    basis: BasisByMonth | None = None
    credit: int = 0
    owed_from: Mapping[Programme, ContributionMonth] = field(default_factory=dict)
    stated_at: datetime | None = None

    @classmethod
    def of_cover_proof(cls, paid_through: Mapping[int, int], stated_at: datetime) -> Self:
        """From the cover claim of a proof issued at ``stated_at``: programme number to YYYYMM. Raises MalformedMonth.

        Numbers of programmes that we do not know are passed over.
        """
        named = ((Programme.of_number(number), month) for number, month in paid_through.items())
        paid = {
            programme: PaidMonths.through(ContributionMonth.from_number(month))
            for programme, month in named
            if programme is not None
        }
        return cls(paid, stated_at=stated_at)

    def known_at(self, moment: datetime, rule_pack: Rules) -> Self:  # noqa: ARG002 - Member's; months that are paid stay paid under any pack
        """Without the months whose money came after ``moment``."""
        return replace(self, paid={programme: paid.arrived_by(moment) for programme, paid in self.paid.items()})

    def with_payment(self, programme: Programme, months: Iterable[ContributionMonth], arrived_at: datetime) -> Self:
        """This standing after ``months`` were paid at ``arrived_at``: they cover nothing before that moment."""
        paid = self.paid.get(programme, PaidMonths()).plus(PaidMonths.of(months, arrived_at))
        return replace(self, paid={**self.paid, programme: paid})
