# SPDX-License-Identifier: Apache-2.0
"""``BillerPort``: what every channel that collects one bill at a time asks of us, in its own transaction; and the biller that answers.

SNAP (``snap/``) and JSON PPOB (``ppob/``) word it each in their protocol. ``advise`` repeats safely; ``reverse`` undoes a payment exactly once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cardservice.collection.bill import Bill, draw_bill
from cardservice.collection.bill_type import BillType, require_payable
from cardservice.collection.credit import Credited, as_credited, demand_on_its_own, reverse_payment, write_credited
from cardservice.collection.errors import (
    AmountRefused,
    NothingDue,
    NumberExpired,
    NumberUnknown,
    PaymentConflict,
    PaymentReversed,
    PaymentUnknown,
)
from cardservice.collection.member_ledger import MemberLedger, parts_of, read_ledger
from cardservice.collection.payee import Payee
from cardservice.collection.shown_name import ANYBODY
from cardservice.coverage.ledger import Allocation
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.records import members, payment_numbers, payments
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.errors import PaymentExists
from cardservice.records.members import Member
from cardservice.records.payments import LEARNED_WITHIN, Channel, PaymentRow

# A partner tells when its till took the money. Within a day we believe it; a time further back, or ahead, is ours instead (decision 0153).
BELIEVED = LEARNED_WITHIN


@dataclass(frozen=True, slots=True)
class Owing:
    """Who owes what. ``shown_name`` is masked."""

    member_id: str
    shown_name: str
    bill: Bill


@dataclass(frozen=True, slots=True)
class PaidUnder:
    """What a payment goes by: the channel that brings it, the partner, and the partner's own reference.

    What one channel brought is nothing to another, whatever the partners there are called (decision 0182).
    """

    channel: Channel
    partner_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """A payment as a channel brings it: what it goes by makes it one, however often it is sent."""

    own: PaidUnder
    kind: BillType
    rupiah: int
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment that stands, or that was ``reversed``. ``bought`` are the months it pays as the ledger has them now.

    ``event`` is there where something was changed just now: the caller appends it to the trail, last.
    """

    payment: PaymentRow
    shown_name: str
    bought: tuple[Allocation, ...]
    reversed: bool = False
    event: AuditEvent | None = None


class BillerPort(Protocol):
    """One bill, one payer, one payment. Every method works in the transaction that it is given, and raises BillerRefused."""

    def inquire(self, connection: Connection, payee: Payee, at: datetime) -> Owing:
        """What is owed. Changes nothing."""
        ...

    def pay(self, connection: Connection, payee: Payee, order: PaymentOrder, at: datetime) -> Receipt:
        """Credit a payment; the same order again gets the receipt of the first, without an event."""
        ...

    def advise(self, connection: Connection, own: PaidUnder, at: datetime, payee: Payee | None = None) -> Receipt:
        """What became of a payment, for ``payee`` if one is named. Changes nothing, so it may be asked as often as it takes."""
        ...

    def reverse(self, connection: Connection, own: PaidUnder, reason: str, at: datetime) -> Receipt:
        """Undo a payment. The second time raises PaymentReversed."""
        ...

    def bill(self, known: MemberLedger, at: datetime) -> Bill:
        """What is owed by a ledger that was read. Touches no records."""
        ...

    def credited(self, known: MemberLedger, order: PaymentOrder, at: datetime) -> Credited | None:
        """What a payment comes to by a ledger that was read under the member's lock; None where it stands there already. Touches no records."""
        ...

    def advised(self, known: MemberLedger, name: str, own: PaidUnder, at: datetime) -> Receipt | None:
        """What became of a payment by a ledger that was read; None where it is not this member's. Touches no records."""
        ...


@dataclass(frozen=True, slots=True)
class MemberBiller:
    """The biller over members' ledgers. ``new_id`` gives random 128-bit identifiers; money is priced by the pack in force when it comes."""

    new_id: Callable[[], str]
    packs: PacksInForce

    def inquire(self, connection: Connection, payee: Payee, at: datetime) -> Owing:
        """As BillerPort. Raises NumberUnknown, NumberExpired, UnknownTariff."""
        member, name, expires_at = _member(connection, payee, for_payment=False)
        if has_ended(expires_at, at):
            raise NumberExpired
        return Owing(member.member_id, name, self.bill(read_ledger(connection, member), at))

    def pay(self, connection: Connection, payee: Payee, order: PaymentOrder, at: datetime) -> Receipt:
        """As BillerPort. Raises NumberUnknown, NumberExpired, NothingDue, AmountRefused, PaymentConflict, PaymentReversed."""
        member, name, expires_at = _member(connection, payee, for_payment=True)
        known = read_ledger(connection, member)
        # What was paid in time stays paid when it is asked about late.
        if has_ended(expires_at, at) and _earlier(known, order) is None:
            raise NumberExpired
        try:
            credited = self.credited(known, order, at)
        except (NothingDue, AmountRefused):
            # For another member: that comes before what this one owes.
            if payments.find(connection, order.own.partner_id, order.own.reference) is not None:
                raise PaymentConflict from None
            raise
        if credited is None:
            receipt = self.advise(connection, order.own, at)
            if receipt.reversed:
                raise PaymentReversed
            return receipt
        try:
            write_credited(connection, credited)
        except PaymentExists:  # for another member
            raise PaymentConflict from None
        return Receipt(credited.payment, name, credited.bought, event=credited.event)

    def bill(self, known: MemberLedger, at: datetime) -> Bill:
        """As BillerPort. Raises UnknownTariff."""
        return draw_bill(known, self.packs.at(at), at)

    def credited(self, known: MemberLedger, order: PaymentOrder, at: datetime) -> Credited | None:
        """As BillerPort. Raises NothingDue, AmountRefused, UnknownTariff, and PaymentConflict where it stands there with another amount or channel."""
        earlier = _earlier(known, order)
        if earlier is not None:
            if earlier.amount != order.rupiah or earlier.channel is not order.own.channel:
                raise PaymentConflict
            return None
        bill = self.bill(known, at)
        require_payable(
            order.kind,
            rupiah=order.rupiah,
            due=bill.due,
            one_month=bill.one_month,
            ceiling=bill.ceiling,
            month=str(bill.month),
        )
        payment = PaymentRow(
            member_id=known.member.member_id,
            payment_id=self.new_id(),
            partner_id=order.own.partner_id,
            reference=order.own.reference,
            channel=order.own.channel,
            payer=known.member.payer,
            amount=order.rupiah,
            received_at=believed(order.paid_at, at),
            recorded_at=at,
            months=[],
        )
        return as_credited(known, payment, rules=self.packs.at(at))

    def advise(self, connection: Connection, own: PaidUnder, at: datetime, payee: Payee | None = None) -> Receipt:
        """As BillerPort. Raises PaymentUnknown, NumberUnknown. A number that has ended since is good enough to ask with."""
        payment = _payment(connection, own)
        if payee is not None and _member(connection, payee, for_payment=False)[0].member_id != payment.member_id:
            raise PaymentUnknown
        member = members.get(connection, payment.member_id)
        receipt = self.advised(read_ledger(connection, member), _name(connection, member.member_id), own, at)
        assert receipt is not None  # what was found by its name is on its member's ledger
        return receipt

    def advised(self, known: MemberLedger, name: str, own: PaidUnder, at: datetime) -> Receipt | None:
        """As BillerPort. Raises UnknownTariff."""
        payment = next((row for row in known.rows if _goes_by(row) == own), None)
        if payment is None:
            return None
        bought = parts_of(known.allocated(self.packs.at(at), at), payment.payment_id)
        return Receipt(
            payment, name, bought, reversed=any(payment.payment_id == each.payment_id for each in known.reversals)
        )

    def reverse(self, connection: Connection, own: PaidUnder, reason: str, at: datetime) -> Receipt:
        """As BillerPort. Raises PaymentUnknown, PaymentReversed, PartOfAWhole."""
        payment = _payment(connection, own)
        demand_on_its_own(payment)
        undone = reverse_payment(
            connection, payment, partner_id=own.partner_id, reason=reason, at=at, rules=self.packs.at(at)
        )
        return Receipt(payment, _name(connection, payment.member_id), (), reversed=True, event=undone.event)


def believed(paid_at: datetime | None, at: datetime) -> datetime:
    """When the money was taken: as the partner says, where that is within the last day; else now."""
    return paid_at if paid_at is not None and at - BELIEVED <= paid_at <= at else at


def has_ended(expires_at: datetime | None, at: datetime) -> bool:
    """Whether a payment number has had its time."""
    return expires_at is not None and expires_at <= at


def _goes_by(row: PaymentRow) -> PaidUnder:
    return PaidUnder(row.channel, row.partner_id, row.reference)


def _earlier(known: MemberLedger, order: PaymentOrder) -> PaymentRow | None:
    """The payment that stands under the order's own reference, whatever its amount and channel."""
    own = (order.own.partner_id, order.own.reference)
    return next((row for row in known.rows if (row.partner_id, row.reference) == own), None)


def _member(connection: Connection, payee: Payee, *, for_payment: bool) -> tuple[Member, str, datetime | None]:
    """The member that a payee means, locked where something will be paid, the name to show, and when the number ends."""
    if payee.nik_index is None:
        numbered = payment_numbers.member_of(connection, payee.number, lock=for_payment)
        if numbered is None:
            raise NumberUnknown
        return numbered
    found = members.find_by_nik_index(connection, payee.nik_index)
    if found is None:
        raise NumberUnknown
    member = (members.lock if for_payment else members.get)(connection, found.member_id)
    return member, _name(connection, found.member_id), None


def _name(connection: Connection, member_id: str) -> str:
    known = payment_numbers.of_member(connection, member_id)
    return ANYBODY if known is None else known.shown_name


def _payment(connection: Connection, own: PaidUnder) -> PaymentRow:
    payment = payments.find(connection, own.partner_id, own.reference)
    if payment is None or payment.channel is not own.channel:
        raise PaymentUnknown
    return payment
