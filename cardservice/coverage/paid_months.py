# SPDX-License-Identifier: Apache-2.0
"""The paid months of one programme, as spans: consecutive months whose money arrived at one moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cardservice.coverage.civil_time import month_begins
from cardservice.coverage.errors import MalformedStanding
from cardservice.coverage.month import ContributionMonth


@dataclass(frozen=True, slots=True)
class PaidSpan:
    """Consecutive paid months.

    ``arrived_at`` (aware) is the moment of the money: it never covers an event before it. None where only the months are known, which then
    count as paid in time.
    """

    first: ContributionMonth
    last: ContributionMonth
    arrived_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise MalformedStanding(rule=f"a span of paid months ends ({self.last}) before it begins ({self.first})")
        if self.arrived_at is not None and self.arrived_at.tzinfo is None:
            raise MalformedStanding(rule="a moment has a time zone")

    @property
    def effective_from(self) -> datetime:
        """The first moment at which this span can cover anything."""
        begins = month_begins(self.first)
        return begins if self.arrived_at is None or self.arrived_at < begins else self.arrived_at


@dataclass(frozen=True, slots=True)
class PaidMonths:
    """Spans may touch or overlap: a month is paid if any span has it."""

    spans: tuple[PaidSpan, ...] = ()

    @classmethod
    def through(cls, last: ContributionMonth, first: ContributionMonth | None = None) -> Self:
        """Paid without a gap through ``last``. A cover proof does not tell ``first``; then everything before counts as paid."""
        return cls((PaidSpan(first or ContributionMonth(1, 1), last),))

    @classmethod
    def of(cls, months: Iterable[ContributionMonth], arrived_at: datetime | None = None) -> Self:
        """Paid in just these months, by money of one moment; None: each in time."""
        return cls.of_arrivals((month, arrived_at) for month in set(months))

    @classmethod
    def of_arrivals(cls, months: Iterable[tuple[ContributionMonth, datetime | None]]) -> Self:
        """From each paid month with the moment of its money, as few spans as tell the same, in order."""
        return cls(tuple(_runs(sorted(months, key=lambda each: each[0]))))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, month: ContributionMonth) -> bool:
        return any(span.first <= month <= span.last for span in self.spans)

    def plus(self, other: "PaidMonths") -> Self:
        """The months of both."""
        return type(self)((*self.spans, *other.spans))

    def arrived_by(self, moment: datetime) -> Self:
        """Only the spans whose money had arrived by ``moment``."""
        arrived = tuple(span for span in self.spans if span.arrived_at is None or span.arrived_at <= moment)
        return self if len(arrived) == len(self.spans) else type(self)(arrived)

    def last_up_to(self, month: ContributionMonth) -> ContributionMonth | None:
        """The last paid month that is not after ``month``."""
        return max((min(span.last, month) for span in self.spans if span.first <= month), default=None)

    def run_end(self, month: ContributionMonth) -> ContributionMonth:
        """The last month of the unbroken run of paid months that ``month`` stands in."""
        end = month
        for span in sorted(self.spans, key=lambda span: span.first):
            if span.first <= end + 1 and span.last > end:
                end = span.last
        return end


def _runs(months: Iterable[tuple[ContributionMonth, datetime | None]]) -> Iterator[PaidSpan]:
    first: ContributionMonth | None = None
    last, arrived_at = ContributionMonth(1, 1), None
    for month, at in months:
        if first is not None and month - last == 1 and at == arrived_at:
            last = month
            continue
        if first is not None:
            yield PaidSpan(first, last, arrived_at)
        first, last, arrived_at = month, month, at
    if first is not None:
        yield PaidSpan(first, last, arrived_at)
