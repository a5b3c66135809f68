# SPDX-License-Identifier: Apache-2.0
"""The day that cover is decided for is Jakarta's, and not any day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cardservice.verification.civil_day import Asked, asked_about, civil_day, service_date
from cardservice.verification.errors import EventMomentRefused, ServiceDateRefused

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_midnight_is_jakartas(moment: datetime, day: date) -> None:
    assert civil_day(moment) == day


def test_today_where_no_day_is_named() -> None:
    assert service_date(None, TODAY) == TODAY


@pytest.mark.parametrize("day", [TODAY, date(2021, 11, 19), date(2027, 11, 24)])
def test_days_that_questions_are_about(day: date) -> None:
    assert service_date(day, TODAY) == day


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2021, 11, 18), date(2027, 11, 25), date(9999, 12, 31)])
def test_days_that_no_question_is_about(day: date) -> None:
    with pytest.raises(ServiceDateRefused) as caught:
        service_date(day, TODAY)
    assert caught.value.evidence == {"earliest": "2021-11-19", "latest": "2027-11-24"}


NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 15:00 in Jakarta


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-23T15:00:00+07:00", date(2026, 11, 23)),
        # Just after midnight in Jayapura it is still yesterday in Jakarta, whose days are counted.
        ("2026-11-21T00:30:00+09:00", date(2026, 11, 20)),
        ("2026-11-21T00:30:00+08:00", date(2026, 11, 20)),
        ("2024-02-29T23:59:59+07:00", date(2024, 2, 29)),
    ],
)
def test_the_day_of_an_event_is_jakartas_on_every_clock(moment: str, day: date) -> None:
    event_at = datetime.fromisoformat(moment)
    assert asked_about(None, event_at, NOW) == asked_about(day, event_at, NOW) == Asked(day, event_at)


@pytest.mark.parametrize(
    ("day", "moment", "rule"),
    [
        (None, "2026-11-23T15:00:01+07:00", "past"),
        (None, "9999-12-31T23:59:59-14:00", "past"),
        (date(2026, 11, 21), "2026-11-21T00:30:00+09:00", "day"),
    ],
)
def test_moments_that_no_event_has(day: date | None, moment: str, rule: str) -> None:
    with pytest.raises(EventMomentRefused) as caught:
        asked_about(day, datetime.fromisoformat(moment), NOW)
    assert caught.value.evidence == {"rule": rule}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "2021-11-18T23:59:59+07:00"])
def test_events_that_are_too_long_ago(moment: str) -> None:
    with pytest.raises(ServiceDateRefused):
        asked_about(None, datetime.fromisoformat(moment), NOW)


def test_five_years_ago_is_answered() -> None:
    event_at = datetime(2021, 11, 19, tzinfo=UTC) + timedelta(hours=1)
    assert asked_about(None, event_at, NOW).day == date(2021, 11, 19)
