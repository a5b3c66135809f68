# SPDX-License-Identifier: Apache-2.0
"""The cure: exactly which months a member who is not covered pays to be covered again, and what of it their own credit pays.

Assumed, and cited in the rule pack (decision 0040): a lapsed member pays every month that is owed, each at its own month's price, and the
current month; no fine. Who never paid pays the current month.
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
        for each in Programme
        if each in _together(programme, rules) and each in standing.paid
        for month in _unpaid(standing, each, current, through, rules)
    )


def usable_credit(
    standing: Standing, programme: Programme, current: ContributionMonth, through: ContributionMonth, rules: Rules
) -> int:
    """What of the member's credit helps to pay these months, whole rupiah: all of it, unless a debt of another programme has its turn first."""
    others = [each for each in standing.paid if each not in _together(programme, rules)]
    is_free = not any(_unpaid(standing, each, current, through, rules) for each in others)
    return standing.credit if is_free and standing.basis is not None else 0


def _together(programme: Programme, rules: Rules) -> frozenset[Programme]:
    return rules.paid_together if programme in rules.paid_together else frozenset({programme})


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
