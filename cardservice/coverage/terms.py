# SPDX-License-Identifier: Apache-2.0
"""On which terms a member contributes: the programmes joined, from which month each is owed, and what decides its price month by month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cardservice.coverage.basis import ContributionBasis
from cardservice.coverage.errors import MalformedLedger
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme

_ALWAYS_KNOWN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BasisFrom:
    """A basis that holds from a contribution month on, until a later record says otherwise. ``recorded_at`` (aware): when we came to know."""

    first: ContributionMonth
    basis: ContributionBasis
    recorded_at: datetime = _ALWAYS_KNOWN


@dataclass(frozen=True, slots=True)
class ProgrammesFrom:
    """The programmes that a member is in from a contribution month on, until a later record says otherwise."""

    first: ContributionMonth
    programmes: frozenset[Programme]
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class MemberTerms:
    """``joined`` tells for each programme the first month that is owed; None: from the first payment on (``ledger.owed_from``).

    ``programmes_from`` are the programmes from a month on, in the order in which that was written down: money that names no month pays for those of
    its month only. Empty where they never changed.
    """

    joined: Mapping[Programme, ContributionMonth | None]
    bases: tuple[BasisFrom, ...]
    programmes_from: tuple[ProgrammesFrom, ...] = ()

    def __post_init__(self) -> None:
        if not self.bases:
            raise MalformedLedger(rule="a member has a basis")

    @classmethod
    def constant(cls, joined: Mapping[Programme, ContributionMonth | None], basis: ContributionBasis) -> Self:
        """Terms that never changed."""
        return cls(joined, (BasisFrom(ContributionMonth(1, 1), basis),))

    def known_at(self, moment: datetime) -> Self:
        """The terms as they were known then. The first basis on record holds for the time before it was written down, too."""
        known = tuple(each for each in self.bases if each.recorded_at <= moment)
        earliest = min(self.bases, key=lambda each: each.recorded_at)
        return type(self)(self.joined, known or (earliest,), self.programmes_from)

    def owes(self, programme: Programme, month: ContributionMonth, at: datetime) -> bool:
        """Whether money that we learned of ``at`` a moment pays for a programme in a month: the member is in it then, and had not left it by then."""
        told = [each for each in self.programmes_from if each.recorded_at < at] or self.programmes_from[:1]
        if told and programme not in told[-1].programmes and any(programme in each.programmes for each in told):
            return False
        reaching = [each.programmes for each in self.programmes_from if each.first <= month]
        return programme in (reaching[-1] if reaching else self.joined)

    def for_month(self, month: ContributionMonth) -> ContributionBasis:
        """The basis of one month: of the records that reach it the latest written; of none, that which begins first."""
        reaching = [each for each in self.bases if each.first <= month]
        if not reaching:
            return min(self.bases, key=lambda each: (each.first, each.recorded_at)).basis
        return max(reaching, key=lambda each: (each.recorded_at, each.first)).basis
