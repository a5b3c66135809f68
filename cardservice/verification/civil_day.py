# SPDX-License-Identifier: Apache-2.0
"""The civil day that cover is decided for: Asia/Jakarta, which has kept UTC+7 without summer time since 1964."""

from datetime import date, datetime, timedelta, timezone

from cardservice.verification.errors import ServiceDateRefused

JAKARTA = timezone(timedelta(hours=7), "WIB")
# Claims lapse after five years (PP 82/2019 for work accidents); nobody plans a treatment more than a year ahead.
MOST_PAST = timedelta(days=5 * 366)
MOST_AHEAD = timedelta(days=366)


def civil_day(moment: datetime) -> date:
    """The date in Jakarta at an aware moment."""
    return moment.astimezone(JAKARTA).date()


def service_date(asked: date | None, today: date) -> date:
    """The day asked about, today if none was named. Raises ServiceDateRefused for a day that no question is about."""
    if asked is None:
        return today
    earliest, latest = today - MOST_PAST, today + MOST_AHEAD
    if not earliest <= asked <= latest:
        raise ServiceDateRefused(earliest=earliest.isoformat(), latest=latest.isoformat())
    return asked
