# SPDX-License-Identifier: Apache-2.0
"""The day and the moment that a question is about: civil days are Asia/Jakarta's (``coverage.civil_time``)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cardservice.coverage.civil_time import JAKARTA, civil_day
from cardservice.verification.errors import EventMomentRefused, ServiceDateRefused

__all__ = ["JAKARTA", "MOST_AHEAD", "MOST_PAST", "Asked", "asked_about", "civil_day", "service_date"]

# Claims lapse after five years (PP 82/2019 for work accidents); nobody plans a treatment more than a year ahead.
MOST_PAST = timedelta(days=5 * 366)
MOST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Asked:
    """A civil day, and the moment of the event on it where one was named."""

    day: date
    event_at: datetime | None = None


def asked_about(day: date | None, event_at: datetime | None, now: datetime) -> Asked:
    """What a question is about, today if it names nothing. All moments aware.

    Raises ServiceDateRefused for a day that no question is about, EventMomentRefused for an event that has not happened yet or on another day
    than the one named.
    """
    today = civil_day(now)
    if event_at is None:
        return Asked(service_date(day, today))
    if event_at > now:
        raise EventMomentRefused(rule="past")
    if event_at < now - MOST_PAST - timedelta(days=1):  # before any arithmetic: the calendar ends at year 1
        raise ServiceDateRefused(earliest=(today - MOST_PAST).isoformat(), latest=(today + MOST_AHEAD).isoformat())
    if day is not None and day != civil_day(event_at):
        raise EventMomentRefused(rule="day")
    return Asked(service_date(civil_day(event_at), today), event_at)


def service_date(asked: date | None, today: date) -> date:
    """The day asked about, today if none was named. Raises ServiceDateRefused for a day that no question is about."""
    if asked is None:
        return today
    earliest, latest = today - MOST_PAST, today + MOST_AHEAD
    if not earliest <= asked <= latest:
        raise ServiceDateRefused(earliest=earliest.isoformat(), latest=latest.isoformat())
    return asked
