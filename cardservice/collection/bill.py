# SPDX-License-Identifier: Apache-2.0
"""A member's bill: what money would buy now, asked of the ledger itself, so that the bill and the crediting can't disagree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.collection.member_ledger import MemberLedger, parts_of
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.ledger import Allocation
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import Payment
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules

SOLD_AHEAD = 12  # months beyond this one that a channel sells at once (facts/contributions.md, "payment periods")
_ASKED = (
    "~bill"  # sorts behind every payment's name, 32 hexadecimal digits: money that came at this very moment buys first
)


@dataclass(frozen=True, slots=True)
class BillLine:
    """Consecutive months of one programme, or of several where the lines would be too many. Whole rupiah."""

    programmes: tuple[Programme, ...]
    first: ContributionMonth
    last: ContributionMonth
    rupiah: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What is due through ``month``, less the credit that is there.

    ``one_month`` is the least that buys anything, ``ceiling`` the bill and a year ahead.
    """

    month: ContributionMonth
    parts: tuple[Allocation, ...]
    due: int
    one_month: int
    ceiling: int

    def lines(self, most: int) -> tuple[BillLine, ...]:
        """As at most so many lines."""
        return bill_lines(self.parts, most)


def draw_bill(known: MemberLedger, rules: Rules, at: datetime) -> Bill:
    """The bill at a moment. Raises UnknownTariff for a month that no rule prices."""
    month = month_at(at)
    asked = Payment(_ASKED, at, at, _enough(known, rules, at))
    bought = parts_of(known.allocated(rules, at, asked), _ASKED)
    due = tuple(each for each in bought if each.month <= month)
    next_month = min((each.month for each in bought), default=month)
    together = [each for each in bought if each.month == next_month and each.programme in rules.paid_together]
    first = together or [each for each in bought if each.month == next_month][:1]
    return Bill(
        month,
        due,
        due=_sum(due),
        one_month=_sum(first),
        ceiling=_sum(each for each in bought if each.month <= month + SOLD_AHEAD),
    )


def bill_lines(parts: Sequence[Allocation], most: int) -> tuple[BillLine, ...]:
    """One line per programme and run of months; per programme, then in all, where these are more than ``most``."""
    runs: list[BillLine] = []
    for programme in Programme:
        for each in sorted((each for each in parts if each.programme is programme), key=lambda each: each.month):
            last = runs[-1] if runs and runs[-1].programmes == (programme,) else None
            if last is not None and each.month - last.last <= 1:
                runs[-1] = BillLine(last.programmes, last.first, each.month, last.rupiah + each.amount)
            else:
                runs.append(BillLine((programme,), each.month, each.month, each.amount))
    if len(runs) > most:
        runs = [
            _merged([run for run in runs if run.programmes == own])
            for own in dict.fromkeys(run.programmes for run in runs)
        ]
    return tuple(runs) if len(runs) <= most else (_merged(runs),)


def _enough(known: MemberLedger, rules: Rules, at: datetime) -> int:
    """Rupiah that buy everything through a year ahead, at full prices, and not years more, which would only be counted for nothing."""
    month = month_at(at)
    owed = known.allocated(rules, at, Payment(_ASKED, at, at, 0)).owed_from
    months = max(1, month - min(owed.values(), default=month) + 1) + SOLD_AHEAD + 1
    bases = [each.basis for each in known.terms.bases]
    dearest = sum(
        max(tariff.minimum_rupiah, *(basis.full_monthly.get(programme, 0) for basis in bases))
        for programme in known.terms.joined
        for tariff in rules.tariffs.get(programme, ())
    )
    return dearest * months


def _merged(runs: Sequence[BillLine]) -> BillLine:
    programmes = dict.fromkeys(programme for run in runs for programme in run.programmes)
    return BillLine(
        tuple(programmes),
        min(run.first for run in runs),
        max(run.last for run in runs),
        sum(run.rupiah for run in runs),
    )


def _sum(parts: Iterable[Allocation]) -> int:
    return sum(each.amount for each in parts)
