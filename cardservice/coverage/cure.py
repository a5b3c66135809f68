# SPDX-License-Identifier: Apache-2.0
"""The cure: exactly which months are paid, at any channel, until a member is covered again, and what of it their own credit pays.

Assumed, and cited in the rule pack (decision 0040): a lapsed member pays every month that is owed, each at its own month's price, and the
current month; no fine. Who never paid pays the current month. Money pays what has its turn first (``ledger.py``), so debts of another programme
that come before are in the cure: without them its money would go there, and restore nothing (decision 0170).
"""

from cardservice.coverage.decision import MonthDue
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Arrears, Rules
from cardservice.coverage.standing import Standing


def months_due(
    standing: Standing, programme: Programme, current: ContributionMonth, through: ContributionMonth, rules: Rules
) -> tuple[MonthDue, ...]:
    """The months that, paid in ``current``, cover ``programme`` and pay for ``through``: this month or one ahead.

    It stays right until this month ends; then one month more is due. Programmes that no channel sells apart are in it. Raises UnknownTariff.
    """
    return tuple(
        MonthDue(each, month, _price(standing, each, month, rules))
        for each, has_its_turn in _before(standing, programme, rules)
        for month in _unpaid(standing, each, current, through, rules)
        if has_its_turn or month < through
    )


def usable_credit(standing: Standing) -> int:
    """What of the member's credit helps to pay these months, whole rupiah: all of it, since they are what it would buy."""
    return standing.credit if standing.basis is not None else 0


def _before(standing: Standing, programme: Programme, rules: Rules) -> list[tuple[Programme, bool]]:
    """Every programme joined, and whether its turn in a month has come when ``programme`` is paid for that month."""
    turns = rules.turns(standing.paid)
    own = next(place for place, turn in enumerate(turns) if programme in turn)
    return sorted((each, place <= own) for place, turn in enumerate(turns) for each in turn)


def _unpaid(
    standing: Standing, programme: Programme, current: ContributionMonth, through: ContributionMonth, rules: Rules
) -> list[ContributionMonth]:
    paid = standing.paid[programme]
    first = standing.owed_from.get(programme)
    if first is None:
        last = paid.last_up_to(through)
        first = current if last is None else last + 1
    if rules.arrears is Arrears.CURRENT_MONTH_ONLY:
        first = max(first, current)
    return [month for month in min(first, through).up_to(through) if month not in paid]


def _price(standing: Standing, programme: Programme, month: ContributionMonth, rules: Rules) -> int | None:
    return None if standing.basis is None else rules.monthly_rupiah(programme, month, standing.basis.for_month(month))
