# SPDX-License-Identifier: Apache-2.0
"""The whole base as columns: what ``Standing`` is for one member, arrays are for ten million. Months are counted from 2000-01.

Spans of paid months lie member after member; ``offsets[i] : offsets[i + 1]`` are member i's. Moments are microseconds since 1970, UTC.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from cardservice.coverage.basis import ContributionBasis, Payer, WorkSector
from cardservice.coverage.civil_time import month_begins
from cardservice.coverage.errors import MalformedStanding
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Standing

FIRST_MONTH = ContributionMonth(2000, 1)
MOST_MONTHS = 2048  # to the year 2170
NO_MONTH = -1
IN_TIME = np.iinfo(np.int64).min  # the arrival of money of which only the months are known

SECTORS: Sequence[WorkSector] = tuple(WorkSector)
PAYERS: Sequence[Payer] = tuple(Payer)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Months = NDArray[np.int16]
Moments = NDArray[np.int64]
Rupiah = NDArray[np.int64]


def month_number(month: ContributionMonth) -> int:
    """Months since 2000-01. Raises MalformedStanding for a month that the columns can't hold."""
    number = month - FIRST_MONTH
    if not 0 <= number < MOST_MONTHS:
        raise MalformedStanding(rule=f"a month from {FIRST_MONTH} to {FIRST_MONTH + (MOST_MONTHS - 1)}")
    return number


def month_of_number(number: int) -> ContributionMonth:
    """The inverse of month_number()."""
    return FIRST_MONTH + number


def moment_number(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


# The first moment of every month that the columns can hold, and of one more.
MONTH_BEGINS: Moments = np.array(
    [moment_number(month_begins(FIRST_MONTH + number)) for number in range(MOST_MONTHS + 1)], dtype=np.int64
)


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """The paid spans of one programme. A member that has not joined it has none, and ``joined`` says so."""

    joined: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    first: Months
    last: Months
    arrived_at: Moments
    owed_from: Months  # NO_MONTH where no ledger tells


@dataclass(frozen=True, slots=True)
class BaseColumns:
    """Members as rows. ``sector`` and ``payer`` are places in SECTORS and PAYERS; ``full_monthly`` is 0 for the lowest band."""

    sector: NDArray[np.int8]
    payer: NDArray[np.int8]
    full_monthly: Mapping[Programme, Rupiah]
    credit: Rupiah
    spans: Mapping[Programme, SpanColumns]

    def __len__(self) -> int:
        return len(self.sector)


@dataclass(slots=True)
class _Spans:
    joined: list[bool] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    arrived_at: list[int] = field(default_factory=list)
    owed_from: list[int] = field(default_factory=list)

    def add(self, standing: Standing, programme: Programme) -> None:
        paid = standing.paid.get(programme)
        owed = standing.owed_from.get(programme)
        self.joined.append(paid is not None)
        self.owed_from.append(NO_MONTH if owed is None else month_number(owed))
        spans = () if paid is None else paid.spans
        self.counts.append(len(spans))
        for span in spans:
            self.first.append(month_number(span.first))
            self.last.append(month_number(span.last))
            self.arrived_at.append(IN_TIME if span.arrived_at is None else moment_number(span.arrived_at))

    def columns(self) -> SpanColumns:
        return SpanColumns(
            np.array(self.joined, dtype=np.bool_),
            np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)]).astype(np.int64),
            np.array(self.first, dtype=np.int16),
            np.array(self.last, dtype=np.int16),
            np.array(self.arrived_at, dtype=np.int64),
            np.array(self.owed_from, dtype=np.int16),
        )


def columns_of(standings: Iterable[Standing]) -> BaseColumns:
    """Columns of members that are at hand one by one. Raises MalformedStanding for a member without one price for all months."""
    by_programme = {programme: _Spans() for programme in Programme}
    sector: list[int] = []
    payer: list[int] = []
    full: dict[Programme, list[int]] = {programme: [] for programme in Programme}
    credit: list[int] = []
    for standing in standings:
        basis = standing.basis
        if not isinstance(basis, ContributionBasis):
            raise MalformedStanding(rule="columns need one basis for all months of a member")
        sector.append(SECTORS.index(basis.work_sector))
        payer.append(PAYERS.index(basis.payer))
        credit.append(standing.credit)
        for programme, spans in by_programme.items():
            spans.add(standing, programme)
            full[programme].append(basis.full_monthly.get(programme, 0))
    return BaseColumns(
        np.array(sector, dtype=np.int8),
        np.array(payer, dtype=np.int8),
        {programme: np.array(amounts, dtype=np.int64) for programme, amounts in full.items()},
        np.array(credit, dtype=np.int64),
        {programme: spans.columns() for programme, spans in by_programme.items()},
    )
