# SPDX-License-Identifier: Apache-2.0
"""``lapses``: how many members lapsed in each month, and how many came back.

A member lapses in the month after the grace months that follow a paid month, where none of them is paid; and comes back in the next paid month.
"""

from collections import Counter

from cardservice.collection.reports.report import Period, Report, shown
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.rules import Rules
from cardservice.records import report_counts
from cardservice.records.connection import Connection

COLUMNS = ("month", "lapsed", "returned")


def lapses(connection: Connection, period: Period, least: int, rules: Rules) -> Report:
    """One row per month of the period. Months are counted as paid whenever the money came."""
    lapsed: Counter[ContributionMonth] = Counter()
    returned: Counter[ContributionMonth] = Counter()
    for month, following, count in report_counts.month_steps(connection):
        ends = ContributionMonth.from_number(month) + rules.grace_months + 1
        after = None if following is None else ContributionMonth.from_number(following)
        if after is None or after > ends:
            lapsed[ends] += count
            if after is not None:
                returned[after] += count
    rows = [
        (str(month), shown(lapsed[month], least), shown(returned[month], least))
        for month in period.first.up_to(period.last)
    ]
    return Report("lapses", period, least, COLUMNS, tuple(rows))
