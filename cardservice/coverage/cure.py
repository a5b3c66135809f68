# SPDX-License-Identifier: Apache-2.0
"""The cure: exactly which months a member who is not covered pays to be covered again, and what they cost.

Assumed, and cited in the rule pack (decision 0040): a lapsed member pays every unpaid month since the last paid one, each at its own
month's price, and the current month; no fine. Who never paid pays the current month.
"""

from datetime import date

from cardservice.coverage.decision import Cure, MonthDue
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Arrears, Rules
from cardservice.coverage.standing import PaidMonths, Standing


def cure(standing: Standing, programme: Programme, *, today: date, through: ContributionMonth, rules: Rules) -> Cure:
    """The payment, made ``today``, that covers ``programme`` from today on and pays for ``through``: this month or one ahead.

    It stays right until this month ends; then one month more is due.
    """
    together = rules.paid_together if programme in rules.paid_together else frozenset({programme})
    dues = tuple(
        MonthDue(each, month, _price(standing, each, month, rules))
        for each in Programme
        if each in together and each in standing.paid
        for month in _unpaid(standing.paid[each].known_on(today), ContributionMonth.of(today), through, rules)
    )
    return Cure(
        dues,
        pay_until=ContributionMonth.of(today).last_day,
        restores_from=today,
        restores_through=(through + rules.grace_months).last_day,
    )


def _unpaid(
    paid: PaidMonths, current: ContributionMonth, through: ContributionMonth, rules: Rules
) -> tuple[ContributionMonth, ...]:
    last = paid.last_up_to(through)
    if last is None or (rules.arrears is Arrears.CURRENT_MONTH_ONLY and last < current):
        return current.up_to(through)
    return (last + 1).up_to(through)


def _price(standing: Standing, programme: Programme, month: ContributionMonth, rules: Rules) -> int | None:
    return None if standing.basis is None else rules.monthly_rupiah(programme, month, standing.basis)
