# SPDX-License-Identifier: Apache-2.0
"""``credit_payment`` and ``reverse_payment``: money in and money back, each in the caller's transaction.

Payment row, allocations, paid months and every face of the member's cards change together or not at all, so that the next verification sees
the payment. Whoever brings money in - bank, aggregator, group, agent - calls credit_payment().
"""

from dataclasses import dataclass
from datetime import datetime

from cardservice.collection.errors import PartOfAWhole, PaymentReversed
from cardservice.collection.late_reversal import tell_late_reversal
from cardservice.collection.member_ledger import MemberLedger, change_to, parts_of, read_ledger
from cardservice.coverage.ledger import Allocation, Ledger
from cardservice.coverage.rules import Rules
from cardservice.records import ledger_change, members, payments
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.errors import PaymentReversedBefore
from cardservice.records.ledger_change import LedgerChange
from cardservice.records.payments import Channel, PaymentRow, ReversalRow


@dataclass(frozen=True, slots=True)
class Credited:
    """What came of a payment: the months it bought, the member's whole ledger, what changes in the books, and the event.

    The caller appends the event to the trail, last.
    """

    payment: PaymentRow
    bought: tuple[Allocation, ...]
    ledger: Ledger
    change: LedgerChange
    event: AuditEvent


def credit_payment(connection: Connection, payment: PaymentRow, *, rules: Rules) -> Credited:
    """Credit a payment to its member. The event is the caller's to append, once, at the end of the transaction.

    Raises PaymentExists where the partner used the reference before, RecordNotFound for no such member, UnknownTariff.
    """
    known = read_ledger(connection, members.lock(connection, payment.member_id))
    return credit_to(connection, known, payment, rules=rules)


def credit_to(connection: Connection, known: MemberLedger, payment: PaymentRow, *, rules: Rules) -> Credited:
    """As credit_payment(), where the member was locked and the ledger read already."""
    credited = as_credited(known, payment, rules=rules)
    write_credited(connection, credited)
    return credited


def write_credited(connection: Connection, credited: Credited) -> None:
    """Write what as_credited() made. Raises PaymentExists where the partner used the reference before; then nothing is written."""
    payments.add(connection, credited.payment)
    ledger_change.write(connection, credited.change)


def as_credited(known: MemberLedger, payment: PaymentRow, *, rules: Rules) -> Credited:
    """What comes of a payment, before anything is written. Raises UnknownTariff."""
    richer = known.with_payment(payment)
    ledger = richer.allocated(rules, payment.recorded_at)
    bought = parts_of(ledger, payment.payment_id)
    detail: dict[str, Json] = {
        "payment": payment.payment_id,
        "partner": payment.partner_id,
        "channel": payment.channel.value,
        "rupiah": payment.amount,
        "allocated": sum(each.amount for each in bought),
        "credit": ledger.credit,
        "rule_pack": rules.number,
    }
    event = AuditEvent("payment.credited", payment.recorded_at, detail, member_id=payment.member_id)
    return Credited(payment, bought, ledger, change_to(richer, ledger, payment.recorded_at), event)


def demand_on_its_own(payment: PaymentRow) -> None:
    """Raises PartOfAWhole for a payment of a group or an agent: bill, receipt, commission and what is held have to follow."""
    if payment.channel in {Channel.GROUP, Channel.AGENT}:
        raise PartOfAWhole(channel=payment.channel.value, reference=payment.reference)


def reverse_payment(
    connection: Connection,
    payment: PaymentRow,
    *,
    partner_id: str,
    reason: str,
    at: datetime,
    rules: Rules,
) -> Credited:
    """Take a payment back, once. The ledger follows; cover that was answered before stays as it was answered.

    Where the partner's statement of that day was taken in before and has it as paid, a difference is open from now on.
    Whoever takes back what may be a group's or an agent's asks demand_on_its_own() first.

    Raises PaymentReversed the second time.
    """
    known = read_ledger(connection, members.lock(connection, payment.member_id))
    reversal = ReversalRow(payment.member_id, payment.payment_id, partner_id, reason, at, at)
    undone = as_reversed(known, payment, reversal, rules=rules)
    try:
        payments.reverse(connection, reversal)
    except PaymentReversedBefore:
        raise PaymentReversed from None
    ledger_change.write(connection, undone.change)
    tell_late_reversal(connection, payment, at)
    return undone


def as_reversed(known: MemberLedger, payment: PaymentRow, reversal: ReversalRow, *, rules: Rules) -> Credited:
    """What comes of taking a payment back, before anything is written."""
    at = reversal.recorded_at
    ledger = known.with_reversal(payment.payment_id, at).allocated(rules, at)
    detail: dict[str, Json] = {
        "payment": payment.payment_id,
        "partner": reversal.partner_id,
        "rupiah": payment.amount,
        "reason": reversal.reason,
        "rule_pack": rules.number,
    }
    event = AuditEvent("payment.reversed", at, detail, member_id=payment.member_id)
    return Credited(payment, (), ledger, change_to(known, ledger, at), event)
