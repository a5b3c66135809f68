# SPDX-License-Identifier: Apache-2.0
"""``arrears``: by intermediary and programme, who paid once and owes months through the period's last, and how much.

Months owed are those after the last paid month; gaps before it, and credit that waits, are not counted.
"""

from dataclasses import dataclass

from cardservice.collection.reports.report import Cell, Period, Report, shown
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.enrolment.income_band import contribution_basis
from cardservice.records import report_counts
from cardservice.records.connection import Connection
from cardservice.records.report_counts import OwingGroup

COLUMNS = ("intermediary", "programme", "members", "in_arrears", "months_owed", "rupiah_owed")
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
    for group in report_counts.owing_groups(connection):
        own = sums.setdefault((group.intermediary or NOBODY, group.programme), _Sum())
        own.members += group.members
        owed = (ContributionMonth.from_number(group.last) + 1).up_to(period.last)
        if owed:
            own.owing += group.members
            own.months += group.members * len(owed)
            own.rupiah += group.members * _price(group, owed, rules)
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


def _price(group: OwingGroup, months: tuple[ContributionMonth, ...], rules: Rules) -> int:
    basis = contribution_basis(group.work_sector, group.payer, group.income_band)
    return sum(rules.monthly_rupiah(group.programme, month, basis) for month in months)
