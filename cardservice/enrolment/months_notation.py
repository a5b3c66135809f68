# SPDX-License-Identifier: Apache-2.0
"""Months as a member list writes them: ``2026-01..2026-09;2026-11``, single months and ranges that include both ends."""

from collections.abc import Iterable
from functools import lru_cache

from cardservice.coverage.errors import MalformedMonth
from cardservice.coverage.month import ContributionMonth

MAX_MONTHS = 360  # thirty years of work


@lru_cache(maxsize=1024)
def parse_months(text: str) -> frozenset[ContributionMonth]:
    """Read the months; none for empty text. Raises MalformedMonth for a part that is no month, a range that runs backwards, or too many."""
    months: set[ContributionMonth] = set()
    for part in text.split(";") if text.strip() else ():
        first, dots, last = part.strip().partition("..")
        start = ContributionMonth.parse(first)
        end = ContributionMonth.parse(last) if dots else start
        if end < start:
            raise MalformedMonth(given=part.strip()[:20], rule="a range ends after it begins")
        if end - start >= MAX_MONTHS:
            raise MalformedMonth(given=part.strip()[:20], rule=f"at most {MAX_MONTHS} months")
        months.update(start.up_to(end))
    return frozenset(months)


def write_months(months: Iterable[ContributionMonth]) -> str:
    """The inverse of parse_months(), as short as the notation allows."""
    runs: list[list[ContributionMonth]] = []
    for month in sorted(set(months)):
        if runs and month - runs[-1][-1] == 1:
            runs[-1][1:] = [month]
        else:
            runs.append([month])
    return ";".join("..".join(map(str, run)) for run in runs)
