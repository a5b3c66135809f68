# SPDX-License-Identifier: Apache-2.0
"""``claim-inputs`` and ``first-claim``: what is known of claims, which is that a card was presented and its holder was covered.

What a claim cost, whether one was made at all, and answers given offline are not known here (docs/reports.md).
"""

from collections import Counter
from datetime import datetime, timedelta

from cardservice.collection.reports.report import Cell, Period, Report, shown
from cardservice.coverage.civil_time import month_at, month_begins
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records import report_counts
from cardservice.records.connection import Connection

INPUT_COLUMNS = ("programme", "month", "members_paid", "rupiah", "answered_covered", "members_answered")
FIRST_COLUMNS = ("enrolled", "members", "within_7_days", "within_30_days", "within_90_days", "later", "none")
_LIMITS = (7, 30, 90)
_DAY = timedelta(days=1)


def claim_inputs(connection: Connection, period: Period, least: int) -> Report:
    """One row per programme and month: contributions for the month, and answers "covered" in it."""
    money = {
        (programme, month): (count, rupiah)
        for programme, month, count, rupiah in report_counts.contributions(
            connection, period.first.number, period.last.number
        )
    }
    answers: Counter[tuple[Programme, int]] = Counter()
    who: dict[tuple[Programme, int], set[str]] = {}
    for programme, at, member_id in report_counts.answered(connection, *_ends(period)):
        cell = (programme, month_at(at).number)
        answers[cell] += 1
        who.setdefault(cell, set()).add(member_id)
    rows: list[tuple[Cell, ...]] = []
    for programme in Programme:
        for month in period.first.up_to(period.last):
            cell = (programme, month.number)
            paying, rupiah = money.get(cell, (0, 0))
            count = shown(paying, least)
            people = shown(len(who.get(cell, ())), least)
            rows.append(
                (
                    programme.value,
                    str(month),
                    count,
                    None if count is None else rupiah,
                    None if people is None else answers[cell],
                    people,
                )
            )
    return Report("claim-inputs", period, least, INPUT_COLUMNS, tuple(rows))


def first_claim(connection: Connection, period: Period, least: int) -> Report:
    """One row per month of enrolment: how soon its members were first answered "covered". A row with a group too small shows its size only."""
    found: dict[ContributionMonth, Counter[int]] = {month: Counter() for month in period.first.up_to(period.last)}
    for enrolled, at in report_counts.first_answers(connection, *_ends(period)):
        found[month_at(enrolled)][_bucket(enrolled, at)] += 1
    rows: list[tuple[Cell, ...]] = []
    for month, counted in found.items():
        size = sum(counted.values())
        parts = [counted[bucket] for bucket in range(len(_LIMITS) + 2)]
        # One small part could be told from the others and the whole: then none of them is shown.
        is_small = any(shown(part, least) is None for part in (size, *parts))
        rows.append((str(month), shown(size, least), *(None if is_small else part for part in parts)))
    return Report("first-claim", period, least, FIRST_COLUMNS, tuple(rows))


def _bucket(enrolled: datetime, at: datetime | None) -> int:
    if at is None:
        return len(_LIMITS) + 1
    days = (at - enrolled) // _DAY
    return next((number for number, limit in enumerate(_LIMITS) if days <= limit), len(_LIMITS))


def _ends(period: Period) -> tuple[datetime, datetime]:
    return month_begins(period.first), month_begins(period.last + 1)
