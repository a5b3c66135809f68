# SPDX-License-Identifier: Apache-2.0
"""What a decision needs of a member's payments as one text column, canonical JSON, months as YYYYMM.

``{"credit":rupiah,"owed_from":{"JKK":month,...},"paid":{"JKK":[[first,last,microseconds|null],...]}}``, and, where terms ever changed,
``"bases":[[first,sector,payer,{"JKK":rupiah,...},microseconds],...]``. A verification needs the moments of all
payments, since money covers nothing before it came; and it needs them in one row.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import cast

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.paid_months import PaidMonths, PaidSpan
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import ContributionBasis, Payer, WorkSector
from cardservice.coverage.terms import BasisFrom
from cardservice.records.canonical_json import Json
from cardservice.records.columns import microseconds, moment
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth


def spans_of(months: Iterable[MemberMonth]) -> Mapping[Programme, PaidMonths]:
    """Paid months by programme, as few spans as tell the same: one for each unbroken run whose money arrived at one moment."""
    ordered = sorted(months, key=lambda each: each.programme)
    return {
        programme: PaidMonths.of_arrivals((each.month, each.received_at) for each in own)
        for programme, own in groupby(ordered, lambda each: each.programme)
    }


def spans_to_json(
    paid: Mapping[Programme, PaidMonths], account: MemberAccount, bases: Sequence[BasisFrom] = ()
) -> dict[str, Json]:
    """For the column."""
    document: dict[str, Json] = {
        "credit": account.credit,
        "owed_from": {programme.value: month.number for programme, month in account.owed_from.items()},
        "paid": {programme.value: [_bare(span) for span in months.spans] for programme, months in paid.items()},
    }
    if bases:
        document["bases"] = [_bare_basis(each) for each in bases]
    return document


def spans_from_json(value: Json) -> tuple[dict[Programme, PaidMonths], MemberAccount, tuple[BasisFrom, ...]]:
    """From the column, which only spans_to_json() fills."""
    told = cast("dict[str, Json]", value)
    paid = cast("dict[str, list[tuple[int, int, int | None]]]", told["paid"])
    owed = cast("dict[str, int]", told["owed_from"])
    return (
        {Programme(name): PaidMonths(tuple(_span(*span) for span in spans)) for name, spans in paid.items()},
        MemberAccount(
            cast("int", told["credit"]),
            {Programme(name): ContributionMonth.from_number(month) for name, month in owed.items()},
        ),
        tuple(_basis(*each) for each in cast("list[_BareBasis]", told.get("bases", []))),
    )


_BareBasis = tuple[int, str, str, dict[str, int], int]


def _bare_basis(each: BasisFrom) -> Json:
    monthly: dict[str, Json] = {programme.value: rupiah for programme, rupiah in each.basis.full_monthly.items()}
    own = each.basis
    return [each.first.number, own.work_sector.value, own.payer.value, monthly, microseconds(each.recorded_at)]


def _basis(first: int, sector: str, payer: str, monthly: Mapping[str, int], recorded_at: int) -> BasisFrom:
    full_monthly = {Programme(name): rupiah for name, rupiah in monthly.items()}
    basis = ContributionBasis(WorkSector(sector), Payer(payer), full_monthly)
    return BasisFrom(ContributionMonth.from_number(first), basis, moment(recorded_at))


def _bare(span: PaidSpan) -> Json:
    arrived_at = None if span.arrived_at is None else microseconds(span.arrived_at)
    return [span.first.number, span.last.number, arrived_at]


def _span(first: int, last: int, arrived_at: int | None) -> PaidSpan:
    return PaidSpan(
        ContributionMonth.from_number(first),
        ContributionMonth.from_number(last),
        None if arrived_at is None else moment(arrived_at),
    )
