# SPDX-License-Identifier: Apache-2.0
"""Paid months as one text column: ``{"JKK":[[first,last,"paid-on"|null],...]}`` with months as YYYYMM, canonical JSON.

A verification needs the whole history of payment, since money covers no day before it came; and it needs it in one row.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import cast

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import PaidMonths, PaidSpan
from cardservice.records.canonical_json import Json
from cardservice.records.member_months import MemberMonth


def spans_of(months: Iterable[MemberMonth]) -> Mapping[Programme, PaidMonths]:
    """Paid months by programme, as few spans as tell the same: one for each unbroken run that was paid on one day."""
    ordered = sorted(months, key=lambda each: (each.programme, each.month))
    return {
        programme: PaidMonths(tuple(_runs(own))) for programme, own in groupby(ordered, lambda each: each.programme)
    }


def spans_to_json(paid: Mapping[Programme, PaidMonths]) -> dict[str, Json]:
    """For the column."""
    return {
        programme.value: [
            [span.first.number, span.last.number, None if span.covers_from is None else span.covers_from.isoformat()]
            for span in months.spans
        ]
        for programme, months in paid.items()
    }


def spans_from_json(value: Json) -> dict[Programme, PaidMonths]:
    """From the column, which only spans_to_json() fills."""
    by_programme = cast("dict[str, list[tuple[int, int, str | None]]]", value)
    return {Programme(name): PaidMonths(tuple(_span(*span) for span in spans)) for name, spans in by_programme.items()}


def _runs(months: Iterable[MemberMonth]) -> Iterable[PaidSpan]:
    run: PaidSpan | None = None
    for each in months:
        if run is not None and each.month - run.last == 1 and each.paid_on == run.covers_from:
            run = PaidSpan(run.first, each.month, run.covers_from)
            continue
        if run is not None:
            yield run
        run = PaidSpan(each.month, each.month, each.paid_on)
    if run is not None:
        yield run


def _span(first: int, last: int, paid_on: str | None) -> PaidSpan:
    return PaidSpan(
        ContributionMonth.from_number(first),
        ContributionMonth.from_number(last),
        None if paid_on is None else date.fromisoformat(paid_on),
    )
