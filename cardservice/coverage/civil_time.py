# SPDX-License-Identifier: Apache-2.0
"""From a moment to the civil calendar that contributions are counted in: Asia/Jakarta, UTC+7 without summer time since 1964.

A member in Makassar (WITA) or Jayapura (WIT) lives one or two hours ahead; the month of a contribution is still Jakarta's for everyone, so
that one moment has one month wherever the terminal stands.
"""

from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache

from cardservice.coverage.month import ContributionMonth

JAKARTA = timezone(timedelta(hours=7), "WIB")


def civil_day(moment: datetime) -> date:
    """The date in Jakarta at an aware moment."""
    return moment.astimezone(JAKARTA).date()


def month_at(moment: datetime) -> ContributionMonth:
    """The contribution month that an aware moment lies in."""
    return ContributionMonth.of(civil_day(moment))


def day_begins(day: date) -> datetime:
    """The first moment of a civil date."""
    return datetime.combine(day, time(), JAKARTA)


def day_ends(day: date) -> datetime:
    """The last moment of a civil date, to the microsecond."""
    return day_begins(day + timedelta(days=1)) - timedelta(microseconds=1)


@lru_cache(maxsize=4096)  # a decision asks for the same few months again and again
def month_begins(month: ContributionMonth) -> datetime:
    """The first moment of a contribution month."""
    return day_begins(month.first_day)
