# SPDX-License-Identifier: Apache-2.0
"""Money that came in for a member, and money that was taken back: what the ledger is made from."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.coverage.basis import Payer
from cardservice.coverage.errors import MalformedLedger
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme

ProgrammeMonth = tuple[Programme, ContributionMonth]


@dataclass(frozen=True, slots=True, order=True)
class NamedMonth:
    """One month of one programme that a payment names, with the whole rupiah it was accepted for."""

    programme: Programme
    month: ContributionMonth
    amount: int


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment for one member. ``amount`` in whole rupiah.

    ``received_at`` is when the money came, ``recorded_at`` when we came to know; both aware. ``months`` are named by group payers, by bills with
    lines and by imported history: they are paid by this payment whatever a tariff says later, since they were accepted once. A payment without
    them pays what is owed, in the order of the rule pack.
    """

    payment_id: str
    received_at: datetime
    recorded_at: datetime
    amount: int
    payer: Payer = Payer.SELF
    months: tuple[NamedMonth, ...] = ()
    channel: str = ""

    def __post_init__(self) -> None:
        if self.received_at.tzinfo is None or self.recorded_at.tzinfo is None:
            raise MalformedLedger(payment=self.payment_id, rule="a moment has a time zone")
        if self.amount < 0 or any(each.amount < 0 for each in self.months):
            raise MalformedLedger(payment=self.payment_id, rule="no amount is negative")
        if sum(each.amount for each in self.months) > self.amount:
            raise MalformedLedger(payment=self.payment_id, rule="the months named cost no more than was paid")
        if len({(each.programme, each.month) for each in self.months}) != len(self.months):
            raise MalformedLedger(payment=self.payment_id, rule="a month is named once")

    @property
    def arrived_at(self) -> datetime:
        """The moment from which this money can cover. Money is never later than our knowledge of it: a bank's clock may run ahead."""
        return min(self.received_at, self.recorded_at)


@dataclass(frozen=True, slots=True)
class Reversal:
    """A payment taken back, whole, known from ``reversed_at`` (aware) on: from then on it is as if it had never come."""

    payment_id: str
    reversed_at: datetime

    def __post_init__(self) -> None:
        if self.reversed_at.tzinfo is None:
            raise MalformedLedger(payment=self.payment_id, rule="a moment has a time zone")
