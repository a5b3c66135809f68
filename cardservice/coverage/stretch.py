# SPDX-License-Identifier: Apache-2.0
"""Stretches of cover: from which moment to which a member is covered without a break, grace included.

A paid month covers from its first moment, or from the arrival of its money if that is later, to the end of grace after it. Months whose cover
meets make one stretch; a break between two stretches is a lapse.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from cardservice.coverage.civil_time import month_begins
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.paid_months import PaidMonths


@dataclass(frozen=True, slots=True)
class Stretch:
    """Cover from ``begins`` (aware, included) through the last moment of the month ``through``."""

    begins: datetime
    through: ContributionMonth

    @property
    def ends(self) -> datetime:
        """The first moment that is not covered any more."""
        return month_begins(self.through + 1)


def stretches(paid: PaidMonths, grace_months: int) -> list[Stretch]:
    """All stretches, in order. Money that came when even grace was over makes none."""
    found: list[Stretch] = []
    for one in sorted(_each(paid, grace_months), key=lambda stretch: stretch.begins):
        if found and one.begins <= found[-1].ends:
            if one.through > found[-1].through:
                found[-1] = replace(found[-1], through=one.through)
        else:
            found.append(one)
    return found


def _each(paid: PaidMonths, grace_months: int) -> Iterable[Stretch]:
    for span in paid.spans:
        one = Stretch(span.effective_from, span.last + grace_months)
        if one.begins < one.ends:
            yield one
