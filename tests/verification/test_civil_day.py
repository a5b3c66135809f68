# SPDX-License-Identifier: Apache-2.0
"""The day that cover is decided for is Jakarta's, and not any day."""

from datetime import UTC, date, datetime

import pytest

from cardservice.verification.civil_day import civil_day, service_date
from cardservice.verification.errors import ServiceDateRefused

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
