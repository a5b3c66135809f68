# SPDX-License-Identifier: Apache-2.0
"""What a member owes through a month, in every programme joined: gaps are debts where a ledger says so, and credit is set against the oldest.

The same months that the ledger would pay next (``ledger.py``): from the first owed on, month by month, the programmes that are sold together
first. Months that a list brought in, and gaps between them, are history: without a ledger what follows the last paid month is owed (decision 0130).
"""

from datetime import UTC, datetime

from cardservice.coverage.decision import MonthDue
from cardservice.coverage.errors import MalformedStanding
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.paid_months import PaidMonths
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import Standing
from cardservice.coverage.terms import MemberTerms

# The next money comes after everything that is known.
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)


def has_begun(standing: Standing, programme: Programme) -> bool:
    """Whether the member has ever paid for the programme, or owes it since they first paid."""
    return programme in standing.owed_from or bool(standing.paid.get(programme, PaidMonths()).spans)


def months_owed(
    standing: Standing, through: ContributionMonth, rules: Rules, terms: MemberTerms | None = None
) -> tuple[MonthDue, ...]:
    """Unpaid months through ``through``, in the order in which money would pay them, each with what is missing of its price, whole rupiah.

    A month that credit pays in full is not owed, nor one of a programme that was not joined then, as ``terms`` tell where they changed. Raises UnknownTariff, MalformedStanding for a standing whose prices are not known.
    """
    if standing.basis is None:
        raise MalformedStanding(rule="a basis, where prices are asked for")
    turns = rules.turns([each for each in standing.paid if has_begun(standing, each)])
    place = {programme: number for number, turn in enumerate(turns) for programme in turn}
    cells = sorted(
        (
            (month, place[programme], programme)
            for programme in place
            for month in _unpaid(standing, programme, through)
            if terms is None or terms.owes(programme, month, _AFTER_ALL)
        ),
    )
    credit, owed = standing.credit, []
    for month, _, programme in cells:
        price = rules.monthly_rupiah(programme, month, standing.basis.for_month(month))
        missing = price - min(credit, price)
        credit -= price - missing
        if missing:
            owed.append(MonthDue(programme, month, missing))
    return tuple(owed)


def _unpaid(standing: Standing, programme: Programme, through: ContributionMonth) -> list[ContributionMonth]:
    paid = standing.paid[programme]
    first = standing.owed_from.get(programme)
    if first is None:
        first = max(span.last for span in paid.spans) + 1
    return [month for month in first.up_to(through) if month not in paid]
