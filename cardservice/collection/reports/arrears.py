# SPDX-License-Identifier: Apache-2.0
"""``arrears``: by intermediary and programme, who paid once and owes months through the period's last, and how much.

Months owed are those that money would pay next, gaps that a ledger owes included; credit that waits is set against the oldest of them
(``coverage/arrears.py``). One pass over all members, some thousands in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cardservice.collection.reports.report import Cell, Period, Report, shown
from cardservice.coverage.arrears import has_begun, months_owed
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.enrolment.member_terms import terms_of
from cardservice.enrolment.standings import standing_of
from cardservice.records import enrolments, whole_base
from cardservice.records.connection import Connection
from cardservice.records.whole_base import MemberWithMonths

COLUMNS = ("intermediary", "programme", "members", "in_arrears", "months_owed", "rupiah_owed")
FEW = 500  # members in one query
NOBODY = "-"  # members whose intermediary nobody told


@dataclass(slots=True)
class _Sum:
    members: int = 0
    owing: int = 0
    months: int = 0
    rupiah: int = 0


def arrears(connection: Connection, period: Period, least: int, rules: Rules) -> Report:
    """One row per intermediary and programme. The last month of the period counts as owed; the first plays no part. Raises UnknownTariff."""
    sums: dict[tuple[str, Programme], _Sum] = {}
    for found in whole_base.stream(connection):
        codes = _enrolled_through(connection, [each.member.member_id for each in found])
        for each in found:
            _count(sums, codes.get(each.member.member_id, NOBODY), each, period.last, rules)
    rows: list[tuple[Cell, ...]] = []
    for (code, programme), own in sorted(sums.items()):
        owing = shown(own.owing, least, of=own.members)
        hidden = owing is None
        rows.append(
            (
                code,
                programme.value,
                shown(own.members, least),
                owing,
                None if hidden else own.months,
                None if hidden else own.rupiah,
            )
        )
    return Report("arrears", period, least, COLUMNS, tuple(rows))


def _enrolled_through(connection: Connection, member_ids: Sequence[str]) -> dict[str, str]:
    """The code of the intermediary through whom each came in, where one is known."""
    codes: dict[str, str] = {}
    for begin in range(0, len(member_ids), FEW):
        some = enrolments.of_members(connection, member_ids[begin : begin + FEW])
        codes.update((member_id, by.code) for member_id, by in some.items())
    return codes


def _count(
    sums: dict[tuple[str, Programme], _Sum], code: str, each: MemberWithMonths, through: ContributionMonth, rules: Rules
) -> None:
    # Debts keep the terms of their own month (decision 0172).
    terms = terms_of(each.member) if each.member.terms else None
    standing = standing_of(each) if terms is None else replace(standing_of(each), basis=terms)
    owed = months_owed(standing, through, rules, terms)
    for programme in standing.paid:
        if not has_begun(standing, programme):
            continue
        own = sums.setdefault((code, programme), _Sum())
        own.members += 1
        months = [due for due in owed if due.programme is programme]
        if months:
            own.owing += 1
            own.months += len(months)
            own.rupiah += sum(due.amount_rupiah or 0 for due in months)
