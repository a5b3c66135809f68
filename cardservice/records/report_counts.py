# SPDX-License-Identifier: Apache-2.0
"""Counts for reports: each one statement, in one pass over its tables. No row tells of a person; who publishes them suppresses small groups.

Months are YYYYMM.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, distinct, func, select

from cardservice.coverage.programme import Programme
from cardservice.records.cards import cards
from cardservice.records.member_months import member_months
from cardservice.records.members import members
from cardservice.records.verifications import verifications

COVERED = "COVERED"  # as a verification keeps it (cardservice/verification/answer.py)


def cohort_months(connection: Connection, first: int, last: int) -> list[tuple[int, int, int]]:
    """(cohort, month, members): of those whose first paid month is the cohort, how many paid a month; cohorts and months within both ends."""
    own = member_months.c
    firsts = select(own.member_id, func.min(own.month).label("cohort")).group_by(own.member_id).subquery()
    query = (
        select(firsts.c.cohort, own.month, func.count(distinct(own.member_id)))
        .join(firsts, firsts.c.member_id == own.member_id)
        .where(firsts.c.cohort >= first, own.month <= last)
        .group_by(firsts.c.cohort, own.month)
        .order_by(firsts.c.cohort, own.month)
    )
    return [(cohort, month, count) for cohort, month, count in connection.execute(query)]


def month_steps(connection: Connection) -> list[tuple[int, int | None, int]]:
    """(month, next paid month of the same member or None, members): every step from one paid month to the next."""
    own = member_months.c
    months = select(own.member_id, own.month).distinct().subquery()
    following = func.lead(months.c.month).over(partition_by=months.c.member_id, order_by=months.c.month)
    steps = select(months.c.month, following.label("following")).subquery()
    query = select(steps.c.month, steps.c.following, func.count()).group_by(steps.c.month, steps.c.following)
    return [(month, after, count) for month, after, count in connection.execute(query)]


def contributions(connection: Connection, first: int, last: int) -> list[tuple[Programme, int, int, int]]:
    """(programme, contribution month, members, whole rupiah) of paid months, both ends included."""
    own = member_months.c
    query = (
        select(own.programme, own.month, func.count(), func.sum(own.amount))
        .where(own.month.between(first, last))
        .group_by(own.programme, own.month)
    )
    return [(programme, month, count, int(rupiah)) for programme, month, count, rupiah in connection.execute(query)]


def answered(connection: Connection, since: datetime, until: datetime) -> Iterator[tuple[Programme, datetime, str]]:
    """(programme, moment, member) of each answer "COVERED" from one moment up to another, streamed."""
    asked = verifications.c
    query = (
        select(asked.programme, asked.at, cards.c.member_id)
        .join(cards, cards.c.card_id == asked.card_id)
        .where(asked.outcome == COVERED, asked.at >= since, asked.at < until)
        .execution_options(yield_per=1_000)
    )
    with connection.execute(query) as result:
        yield from ((programme, at, member_id) for programme, at, member_id in result)


def first_answers(
    connection: Connection, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime | None]]:
    """(enrolled, first answer "COVERED" or None) of each member enrolled from one moment up to another, streamed."""
    earliest = (
        select(cards.c.member_id, func.min(verifications.c.at).label("at"))
        .join(verifications, verifications.c.card_id == cards.c.card_id)
        .where(verifications.c.outcome == COVERED)
        .group_by(cards.c.member_id)
        .subquery()
    )
    query = (
        select(members.c.created_at, earliest.c.at)
        .join(earliest, earliest.c.member_id == members.c.member_id, isouter=True)
        .where(members.c.created_at >= since, members.c.created_at < until)
        .execution_options(yield_per=1_000)
    )
    with connection.execute(query) as result:
        yield from ((enrolled, at) for enrolled, at in result)
