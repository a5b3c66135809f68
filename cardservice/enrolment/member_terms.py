# SPDX-License-Identifier: Apache-2.0
"""A member's terms over time: what a list changes holds from a month on, and leaves every month before it at its price (decision 0172)."""

from datetime import datetime

from cardservice.coverage.civil_time import month_at
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.terms import BasisFrom, MemberTerms, ProgrammesFrom
from cardservice.enrolment.income_band import contribution_basis
from cardservice.records.member_terms import TermsFrom
from cardservice.records.members import Member

_FIRST_OF_ALL = ContributionMonth(1, 1)


def terms_of(member: Member, known_at: datetime | None = None) -> MemberTerms:
    """As they are known now, or were at an aware moment. Whoever joined a programme later owes it from then on."""
    told = _known(member, known_at)
    joined: dict[Programme, ContributionMonth | None] = {}
    for each in told:
        for programme in sorted(each.programmes):
            joined.setdefault(programme, None if each is told[0] else each.first)
    bases = tuple(
        BasisFrom(each.first, contribution_basis(each.work_sector, each.payer, each.income_band), each.recorded_at)
        for each in told
    )
    return MemberTerms(
        joined, bases, tuple(ProgrammesFrom(each.first, each.programmes, each.recorded_at) for each in told)
    )


def programmes_of(member: Member, known_at: datetime) -> frozenset[Programme]:
    """The programmes that the member was known to be in."""
    return _known(member, known_at)[-1].programmes


def terms_after(
    before: Member, after: Member, paid_to: ContributionMonth | None, at: datetime
) -> tuple[TermsFrom, ...]:
    """All terms of a member who changes ``at`` a moment, paid through ``paid_to``: the new ones hold from this month on, or after what is paid.

    Nothing new where neither sector, payer, band nor programmes differ.
    """
    if _of(before, _FIRST_OF_ALL, at) == _of(after, _FIRST_OF_ALL, at):
        return before.terms
    current = month_at(at)
    first = current if paid_to is None else max(current, paid_to + 1)
    return (*_known(before, None), _of(after, first, at))


def _known(member: Member, moment: datetime | None) -> tuple[TermsFrom, ...]:
    told = member.terms or (_of(member, _FIRST_OF_ALL, member.created_at),)
    return told[:1] + tuple(each for each in told[1:] if moment is None or each.recorded_at <= moment)


def _of(member: Member, first: ContributionMonth, at: datetime) -> TermsFrom:
    return TermsFrom(first, member.work_sector, member.payer, member.income_band, member.programmes, at)
