# SPDX-License-Identifier: Apache-2.0
"""``bounce_sum``: a group's transfer went back. What its money bought is taken from every member at once, and the bill is open again.

First the deposit pays for it; where that is not enough, the bill that the sum was told for is opened again, then the last ones settled.
Members' cover follows in the same transaction; answers given before stay as they were (docs/decisions/0165).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.credit_together import reverse_together
from cardservice.collection.group.payer import Payer, payer_in_books
from cardservice.coverage.rules import Rules
from cardservice.records import group_bills, group_bounces, group_money
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound
from cardservice.records.group_bills import GroupBill, Settlement
from cardservice.records.group_bounces import Reopening, SumBounce
from cardservice.records.group_money import GroupSum
from cardservice.records.payments import PaymentRow

BOUNCED = "group's transfer went back"


@dataclass(frozen=True, slots=True)
class Bounced:
    """A sum that went back and the bills open again for it. ``again``: it was told before, and nothing was changed now."""

    received: GroupSum
    bounce: SumBounce
    reopened: tuple[GroupBill, ...]
    deposit: int
    again: bool


def bounce_sum(
    connection: Connection, code: str, reference: str, *, by: str, reason: str, at: datetime, rules: Rules
) -> Bounced:
    """Take a sum back, once. ``reason``: at most 64 characters, no names or numbers of members. Raises RecordNotFound."""
    payer = payer_in_books(connection, code)
    received = group_money.find_sum(connection, payer.intermediary_id, reference)
    if received is None:
        raise RecordNotFound(record="group-sum")
    bounce = group_bounces.bounce_of(connection, payer.intermediary_id, received.sum_id)
    again = bounce is not None
    if bounce is None:
        bounce = SumBounce(payer.intermediary_id, received.sum_id, by, reason, at)
        group_bounces.add_bounce(connection, bounce)
        record(connection, *_take_back(connection, payer, received, bounce, rules))
    reopened = group_bounces.reopenings_by_sum(connection, payer.intermediary_id, received.sum_id)
    bills = (group_bills.get_by_id(connection, payer.intermediary_id, each.bill_id) for each in reopened)
    return Bounced(received, bounce, tuple(bills), group_money.deposit(connection, payer.intermediary_id), again=again)


def _take_back(
    connection: Connection, payer: Payer, received: GroupSum, bounce: SumBounce, rules: Rules
) -> list[AuditEvent]:
    missing = -group_money.deposit(connection, payer.intermediary_id)
    undone = _uncovered(group_bills.standing_settlements(connection, payer.intermediary_id), received, missing)
    paid = {each: group_money.standing_payments(connection, payer.intermediary_id, each.bill_id) for each in undone}
    at = bounce.bounced_at
    payments = sorted(
        (payment for own in paid.values() for payment in own), key=lambda each: (each.member_id, each.payment_id)
    )
    events = reverse_together(
        connection, payments, partner_id=payer.intermediary_id, reason=BOUNCED, at=at, rules=rules
    )
    for settlement, own in paid.items():
        reopening = Reopening(payer.intermediary_id, settlement.bill_id, settlement.number, received.sum_id, at)
        group_bounces.reopen(connection, reopening, own)
        events.append(_reopened(payer, settlement, own, at))
    detail: dict[str, Json] = {
        "intermediary": payer.code,
        "sum": received.reference,
        "rupiah": received.rupiah,
        "bills_reopened": len(undone),
        "by": bounce.told_by,
        "reason": bounce.reason,
    }
    return [*events, AuditEvent("group.sum-bounced", at, detail)]


def _uncovered(settled: Sequence[Settlement], received: GroupSum, missing: int) -> list[Settlement]:
    """The bills that the money left does not pay for: the sum's own first, then from the last one settled."""
    own_first = sorted(settled, key=lambda each: each.bill_id != received.bill_id)
    undone: list[Settlement] = []
    for each in own_first:
        if missing <= 0:
            break
        undone.append(each)
        missing -= each.rupiah
    return undone


def _reopened(payer: Payer, settlement: Settlement, own: Sequence[PaymentRow], at: datetime) -> AuditEvent:
    detail: dict[str, Json] = {
        "intermediary": payer.code,
        "bill": settlement.bill_id,
        "payments": len(own),
        "rupiah": settlement.rupiah,
    }
    return AuditEvent("group.bill-reopened", at, detail)
