# SPDX-License-Identifier: Apache-2.0
"""What is known of one member when cover is decided: which months are paid, and what a month costs this member.

A ``card_standing`` row, a ledger or a cover proof all reduce to this value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Self

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


@dataclass(frozen=True, slots=True)
class PaidSpan:
    """Consecutive paid months.

    ``covers_from`` is the day that the money arrived, where cover had ended before it: a payment never covers an event before it.
    """

    first: ContributionMonth
    last: ContributionMonth
    covers_from: date | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise MalformedStanding(rule=f"a span of paid months ends ({self.last}) before it begins ({self.first})")

    @property
    def effective_from(self) -> date:
        """The first day on which this span can cover anything."""
        return max(self.first.first_day, self.covers_from or self.first.first_day)


@dataclass(frozen=True, slots=True)
class PaidMonths:
    """The paid months of one programme, as spans. Spans may touch or overlap: a month is paid if any span has it."""

    spans: tuple[PaidSpan, ...] = ()

    @classmethod
    def through(cls, last: ContributionMonth, first: ContributionMonth | None = None) -> Self:
        """Paid without a gap through ``last``. A cover proof does not tell ``first``; then everything before counts as paid."""
        return cls((PaidSpan(first or ContributionMonth(1, 1), last),))

    @classmethod
    def of(cls, months: Iterable[ContributionMonth]) -> Self:
        """Paid in just these months, each in time."""
        spans: list[PaidSpan] = []
        for month in sorted(set(months)):
            if spans and month - spans[-1].last == 1:
                spans[-1] = replace(spans[-1], last=month)
            else:
                spans.append(PaidSpan(month, month))
        return cls(tuple(spans))

    @classmethod
    def of_payments(cls, payments: Iterable[tuple[ContributionMonth, date | None]]) -> Self:
        """From months with the day each was paid on; None where only the month is known, which then counts as paid in time."""
        by_day: dict[date | None, list[ContributionMonth]] = {}
        for month, paid_on in payments:
            by_day.setdefault(paid_on, []).append(month)
        return cls(
            tuple(
                replace(span, covers_from=paid_on)
                for paid_on, months in by_day.items()
                for span in cls.of(months).spans
            )
        )

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, month: ContributionMonth) -> bool:
        return any(span.first <= month <= span.last for span in self.spans)

    def with_span(self, span: PaidSpan) -> Self:
        """These months and one more span."""
        return replace(self, spans=(*self.spans, span))

    def known_on(self, day: date) -> Self:
        """Only the spans whose money had arrived by ``day``."""
        return replace(
            self, spans=tuple(span for span in self.spans if span.covers_from is None or span.covers_from <= day)
        )

    def last_up_to(self, month: ContributionMonth) -> ContributionMonth | None:
        """The last paid month that is not after ``month``."""
        return max((min(span.last, month) for span in self.spans if span.first <= month), default=None)

    def first_after(self, month: ContributionMonth) -> ContributionMonth | None:
        """The first paid month after ``month``."""
        return min((max(span.first, month + 1) for span in self.spans if span.last > month), default=None)

    def run_end(self, month: ContributionMonth) -> ContributionMonth:
        """The last month of the unbroken run of paid months that ``month`` stands in."""
        end = month
        for span in sorted(self.spans, key=lambda span: span.first):
            if span.first <= end + 1 and span.last > end:
                end = span.last
        return end


@dataclass(frozen=True, slots=True)
class Standing:
    """One member's paid months per programme joined. ``basis`` is None where prices are not known, as on a card read offline.

    ``stated_on`` is set where this is what a card says: it knows nothing of days before, nor of programmes that it doesn't name.
    """

    paid: Mapping[Programme, PaidMonths]
    basis: ContributionBasis | None = None
    stated_on: date | None = None

    @classmethod
    def of_cover_proof(cls, paid_through: Mapping[int, int], stated_on: date) -> Self:
        """From the cover claim of a proof issued on ``stated_on``: programme number to YYYYMM. Raises MalformedMonth.

        Numbers of programmes that we do not know are passed over.
        """
        named = ((Programme.of_number(number), month) for number, month in paid_through.items())
        paid = {
            programme: PaidMonths.through(ContributionMonth.from_number(month))
            for programme, month in named
            if programme is not None
        }
        return cls(paid, stated_on=stated_on)

    @classmethod
    def paid_through(
        cls,
        months: Mapping[Programme, ContributionMonth | None],
        basis: ContributionBasis | None = None,
        *,
        first: ContributionMonth | None = None,
    ) -> Self:
        """From one paid-through month per programme (a ``card_standing`` row); None is joined and never paid.

        Good for today. It has forgotten when the money came: for a day in the past take ``of_payments``.
        """
        return cls(
            {
                programme: PaidMonths() if last is None else PaidMonths.through(last, first)
                for programme, last in months.items()
            },
            basis,
        )

    @classmethod
    def of_payments(
        cls,
        joined: Iterable[Programme],
        payments: Iterable[tuple[Programme, ContributionMonth, date | None]],
        basis: ContributionBasis | None = None,
    ) -> Self:
        """From every paid month and the day it was paid on: what a question about a past day needs."""
        months: dict[Programme, list[tuple[ContributionMonth, date | None]]] = {programme: [] for programme in joined}
        for programme, month, paid_on in payments:
            months.setdefault(programme, []).append((month, paid_on))
        return cls({programme: PaidMonths.of_payments(paid) for programme, paid in months.items()}, basis)

    def with_payment(self, programme: Programme, months: Iterable[ContributionMonth], paid_on: date) -> Self:
        """This standing after ``months`` were paid on ``paid_on``: they cover nothing before that day."""
        paid = self.paid.get(programme, PaidMonths())
        for span in PaidMonths.of(months).spans:
            paid = paid.with_span(replace(span, covers_from=paid_on))
        return replace(self, paid={**self.paid, programme: paid})
