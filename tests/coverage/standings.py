# SPDX-License-Identifier: Apache-2.0
"""Members for the tests of coverage, and Hypothesis strategies that invent more."""

from collections.abc import Iterable
from datetime import date, datetime, time

from hypothesis import strategies as st

from cardservice.coverage.civil_time import JAKARTA
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import ContributionBasis, PaidMonths, Payer, Standing, WorkSector

SELF_PAYER = ContributionBasis()


def noon(day: date) -> datetime:
    """12:00 in Jakarta."""
    return datetime.combine(day, time(12), JAKARTA)


def month(text: str) -> ContributionMonth:
    return ContributionMonth.parse(text)


def member(*paid: str, programme: Programme = Programme.JKK, basis: ContributionBasis | None = SELF_PAYER) -> Standing:
    """A member of one programme, paid in time in just these months."""
    return Standing({programme: PaidMonths.of(map(month, paid))}, basis)


def base_pair(*paid: str, basis: ContributionBasis | None = SELF_PAYER) -> Standing:
    """A member of JKK and JKM, paid in the same months."""
    months = PaidMonths.of(map(month, paid))
    return Standing({Programme.JKK: months, Programme.JKM: months}, basis)


months = st.integers(0, 47).map(lambda step: ContributionMonth(2025, 1) + step)
days = st.dates(date(2025, 1, 1), date(2028, 12, 31))
instants = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(JAKARTA))  # noqa: DTZ001 - made aware by Hypothesis
bases = st.builds(
    ContributionBasis,
    work_sector=st.sampled_from(WorkSector),
    payer=st.sampled_from(Payer),
    full_monthly=st.fixed_dictionaries(
        {},
        optional={
            Programme.JKK: st.integers(5, 103).map(lambda thousand: 2000 * thousand),
            Programme.JHT: st.just(24_000),
        },
    ),
)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """One member with an irregular history in one to three programmes, some of it paid late."""
    joined = draw(st.sets(st.sampled_from(Programme), min_size=1))
    standing = Standing({programme: PaidMonths.of(draw(_month_sets)) for programme in joined}, draw(bases))
    for programme in sorted(joined):
        for arrived_at, late in draw(_late_payments).items():
            standing = standing.with_payment(programme, late, arrived_at)
    return standing


_month_sets: st.SearchStrategy[Iterable[ContributionMonth]] = st.frozensets(months, max_size=12)
_late_payments = st.dictionaries(instants, st.frozensets(months, min_size=1, max_size=4), max_size=2)
