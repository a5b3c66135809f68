# SPDX-License-Identifier: Apache-2.0
"""The ledger: which months a member's payments pay for, and what is left (facts/contributions.md, section 4, model 2).

Payments are taken in the order in which they arrived. A month that a payment names is paid by it. All other money lies together and buys
what is owed: whole months, the programmes that are sold together at once, each at its own contribution month's price, and then following
months. It stops at the first that it can't pay in full; what is left is credit for the next payment. So, always: allocated + credit = paid.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.coverage.civil_time import month_at
from cardservice.coverage.errors import MalformedLedger
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import Payment, ProgrammeMonth, Reversal
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import AllocationOrder, Arrears, Rules
from cardservice.coverage.terms import MemberTerms

MOST_AHEAD = 120  # months: ten years; more money than that stays credit, since it is a mistake of somebody's


@dataclass(frozen=True, slots=True)
class Allocation:
    """What part of a payment pays for a month of a programme, in whole rupiah. A month may be paid by several."""

    payment_id: str
    programme: Programme
    month: ContributionMonth
    amount: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The outcome, as known at one moment. ``received`` (without what was taken back) = what is allocated + ``credit``.

    ``paid`` tells for each month since when it is paid: the arrival of the money that completed it. ``owed_from`` is each joined programme's first
    month owed; a programme that nothing was paid for yet, and whose terms name no month, is not in it. Amounts in whole rupiah.
    """

    allocations: tuple[Allocation, ...]
    paid: Mapping[ProgrammeMonth, datetime]
    owed_from: Mapping[Programme, ContributionMonth]
    received: int
    credit: int
    reversed: int

    @property
    def allocated(self) -> int:
        """All that pays for some month."""
        return sum(each.amount for each in self.allocations)


def allocate(
    payments: Iterable[Payment],
    reversals: Iterable[Reversal],
    terms: MemberTerms,
    rule_pack: Rules,
    knowledge_at: datetime,
) -> Ledger:
    """Allocate what was known at ``knowledge_at`` (aware); whatever is recorded later changes nothing about the outcome.

    Raises MalformedLedger for two payments of one name or a reversal of a payment that is not here, UnknownTariff for a month without a price.
    """
    kept, taken_back = _known(payments, reversals, knowledge_at)
    terms = terms.known_at(knowledge_at)
    books = _Books(terms, rule_pack, owed_from(kept, terms, rule_pack))
    for payment in sorted(kept, key=_turn):
        books.take_in(payment)
    return Ledger(
        allocations=tuple(books.allocations),
        paid=books.paid,
        owed_from=books.owed_from,
        received=sum(payment.amount for payment in kept),
        credit=books.credit,
        reversed=sum(payment.amount for payment in taken_back),
    )


def owed_from(payments: Sequence[Payment], terms: MemberTerms, rules: Rules) -> dict[Programme, ContributionMonth]:
    """From which month on each joined programme is owed: as the terms say, or else from the first payment on that we knew could buy something.

    Months that were named first are history: what follows the last of them that had begun by then is owed; gaps before are not. Money that is
    less than a month's price begins nothing, and what we learn later moves no beginning. Raises UnknownTariff.
    """
    began = _beginning(payments, terms, rules)
    owed: dict[Programme, ContributionMonth] = {}
    for programme, first in terms.joined.items():
        month = first or _after_history(programme, payments, began)
        if month is not None:
            owed[programme] = month
    return owed


def _beginning(
    payments: Sequence[Payment], terms: MemberTerms, rules: Rules
) -> tuple[datetime, ContributionMonth] | None:
    """When we knew of enough money without a name to buy a month, and the month in which it had come."""
    turns, so_far = rules.turns(terms.joined), 0
    free = [(each, each.amount - sum(named.amount for named in each.months)) for each in payments]
    for recorded_at in sorted({each.recorded_at for each, left in free if left}):
        came = [(month_at(each.arrived_at), left) for each, left in free if left and each.recorded_at == recorded_at]
        so_far += sum(left for _, left in came)
        month = min(month for month, _ in came)
        if turns and so_far >= sum(rules.monthly_rupiah(each, month, terms.for_month(month)) for each in turns[0]):
            return recorded_at, month
    return None


def _after_history(
    programme: Programme, payments: Sequence[Payment], began: tuple[datetime, ContributionMonth] | None
) -> ContributionMonth | None:
    naming = [each for each in payments if any(named.programme is programme for named in each.months)]
    earliest = min((each.recorded_at for each in naming), default=None)
    named = [
        one.month
        for each in naming
        if each.recorded_at == earliest
        for one in each.months
        if one.programme is programme
    ]
    if began is None:
        return max(named) + 1 if named else None
    recorded_at, month = began
    if earliest is None or earliest > recorded_at:
        return month
    return max((each + 1 for each in named if each <= month), default=month)


def _known(
    payments: Iterable[Payment], reversals: Iterable[Reversal], knowledge_at: datetime
) -> tuple[list[Payment], list[Payment]]:
    by_id: dict[str, Payment] = {}
    for payment in payments:
        if by_id.setdefault(payment.payment_id, payment) != payment:
            raise MalformedLedger(payment=payment.payment_id, rule="one name, one payment")
    reversed_ids = set()
    for reversal in reversals:
        if reversal.payment_id not in by_id:
            raise MalformedLedger(payment=reversal.payment_id, rule="what is reversed was paid")
        if reversal.reversed_at <= knowledge_at:
            reversed_ids.add(reversal.payment_id)
    known = [payment for payment in by_id.values() if payment.recorded_at <= knowledge_at]
    kept = [payment for payment in known if payment.payment_id not in reversed_ids]
    return kept, [payment for payment in known if payment.payment_id in reversed_ids]


def _turn(payment: Payment) -> tuple[datetime, bool, str]:
    # At one moment, months that are named come before money that may go anywhere; the name decides nothing but the order of the list.
    return payment.arrived_at, not payment.months, payment.payment_id


class _Books:
    """The state while payments are taken in."""

    def __init__(self, terms: MemberTerms, rules: Rules, owed: Mapping[Programme, ContributionMonth]) -> None:
        self.allocations: list[Allocation] = []
        self.paid: dict[ProgrammeMonth, datetime] = {}
        self.owed_from = owed
        self.credit = 0
        self._pool: deque[tuple[str, int]] = deque()
        self._terms = terms
        self._rules = rules
        self._bundles = rules.turns(owed)
        self._first = min(owed.values(), default=None)

    def take_in(self, payment: Payment) -> None:
        """Pay the months it names, add the rest to the pool, and let the pool buy what it can."""
        left = payment.amount
        for named in payment.months:
            cell = (named.programme, named.month)
            if cell not in self.paid:
                self._settle(payment.payment_id, cell, named.amount, payment.arrived_at)
                left -= named.amount
        if left:
            self._pool.append((payment.payment_id, left))
            self.credit += left
        for cells in self._owed(month_at(payment.arrived_at), payment.recorded_at):
            prices = [self._price(cell) for cell in cells]
            if sum(prices) > self.credit:
                return
            for cell, price in zip(cells, prices, strict=True):
                self._buy(cell, price, payment.arrived_at)

    def _owed(self, current: ContributionMonth, at: datetime) -> Iterator[list[ProgrammeMonth]]:
        """What the pool buys next, in order: the unpaid programmes of one bundle in one month."""
        if self._first is None:
            return
        for month in _in_order(self._first, current, self._rules):
            for bundle in self._bundles:
                cells = [
                    (programme, month)
                    for programme in bundle
                    if self.owed_from[programme] <= month
                    and (programme, month) not in self.paid
                    and self._terms.owes(programme, month, at)
                ]
                if cells:
                    yield cells

    def _price(self, cell: ProgrammeMonth) -> int:
        programme, month = cell
        return self._rules.monthly_rupiah(programme, month, self._terms.for_month(month))

    def _buy(self, cell: ProgrammeMonth, price: int, at: datetime) -> None:
        self.credit -= price
        owing = price
        while owing:
            payment_id, there = self._pool.popleft()
            part = min(there, owing)
            self._settle(payment_id, cell, part, at)
            owing -= part
            if there > part:
                self._pool.appendleft((payment_id, there - part))

    def _settle(self, payment_id: str, cell: ProgrammeMonth, amount: int, at: datetime) -> None:
        self.paid[cell] = at
        self.allocations.append(Allocation(payment_id, *cell, amount))


def _in_order(first: ContributionMonth, current: ContributionMonth, rules: Rules) -> Iterator[ContributionMonth]:
    start = max(first, current) if rules.arrears is Arrears.CURRENT_MONTH_ONLY else first
    if rules.allocation is AllocationOrder.CURRENT_FIRST and start < current:
        yield current
    for step in range(max(current, first) + MOST_AHEAD - start):
        yield start + step
