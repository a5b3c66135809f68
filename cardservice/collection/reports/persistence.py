# SPDX-License-Identifier: Apache-2.0
"""``persistence``: of the members whose first paid month is a cohort's, how many paid each month after it."""

from cardservice.collection.reports.report import Cell, Period, Report, shown
from cardservice.coverage.month import ContributionMonth
from cardservice.records import report_counts
from cardservice.records.connection import Connection

COLUMNS = ("cohort", "month", "months_since", "members", "paid", "per_mille")


def persistence(connection: Connection, period: Period, least: int) -> Report:
    """One row per cohort and month; a month that nobody paid has a row too."""
    paid: dict[int, dict[int, int]] = {}
    for cohort, number, members in report_counts.cohort_months(connection, period.first.number, period.last.number):
        paid.setdefault(cohort, {})[number] = members
    rows: list[tuple[Cell, ...]] = []
    for cohort, counted in sorted(paid.items()):
        first, size = ContributionMonth.from_number(cohort), counted[cohort]
        for month in first.up_to(period.last):
            count = shown(counted.get(month.number, 0), least, of=size)
            share = None if count is None else count * 1000 // size
            rows.append((str(first), str(month), month - first, shown(size, least), count, share))
    return Report("persistence", period, least, COLUMNS, tuple(rows))
