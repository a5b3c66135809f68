# SPDX-License-Identifier: Apache-2.0
"""``pay_group_bill``: a sum is matched to a bill, and credited to every member on it in one transaction, or to nobody.

The bill's sum, exactly, settles it. Another sum is what the payer's policy says: HOLD keeps it as the group's deposit, of which a bill is
settled as soon as it covers it; REFUSE takes nothing (docs/decisions/0161).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.biller import believed
from cardservice.collection.credit_together import credit_together
from cardservice.collection.errors import GroupSumMismatch, MoneyBounced, ReferenceConflict
from cardservice.collection.group.payer import Payer, payer_at_work
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import Payer as PayerKind
from cardservice.records import group_bills, group_bounces, group_money
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.group_bills import GroupBill
from cardservice.records.group_money import GroupSum
from cardservice.records.group_payers import Mismatch
from cardservice.records.patience import wait_at_most
from cardservice.records.payments import Channel, PaymentRow

PATIENCE_MS = (
    55_000  # for whoever settles the longest list on a busy machine; statements end at 60 s (records.database)
)


@dataclass(frozen=True, slots=True)
class Settled:
    """Every member on the bill is credited. ``deposit`` is what waits for the group's next bill, whole rupiah."""

    bill: GroupBill
    settled_at: datetime
    deposit: int

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody is credited: ``missing`` rupiah more, and the bill is paid. The ``deposit`` is kept."""

    bill: GroupBill
    missing: int
    deposit: int

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum as the group pays it; its reference makes it one, however often it is told."""

    reference: str
    rupiah: int
    paid_at: datetime | None = None


def pay_group_bill(
    connection: Connection,
    code: str,
    bill_reference: str,
    paid: Sum | None,
    *,
    new_id: Callable[[], str],
    at: datetime,
    rules: Rules,
) -> Settled | Waiting:
    """Take a sum in, if there is one, and settle the bill out of the deposit if it covers it.

    Cover counts from the moment of the sum that completed the bill. Told twice, it changes nothing and says how things stand. Raises
    RecordNotFound, CollectionOutOfScope, GroupSumMismatch by policy, ReferenceConflict for another sum or bill under a reference,
    MoneyBounced for one that went back.
    """
    wait_at_most(connection, PATIENCE_MS)
    payer = payer_at_work(connection, code, at)
    bill = group_bills.get(connection, payer.intermediary_id, bill_reference)
    settled_at = group_bills.settled_at(connection, bill)
    events: list[AuditEvent] = []
    received_at = at
    if paid is not None and not _is_known(connection, payer, bill, paid):
        received_at = believed(paid.paid_at, at)
        _take_in(connection, payer, bill, paid, received_at, new_id(), at, is_settled=settled_at is not None)
        detail: dict[str, Json] = {"intermediary": code, "sum": paid.reference, "rupiah": paid.rupiah}
        events.append(AuditEvent("group.sum-received", at, detail))
    deposit = group_money.deposit(connection, payer.intermediary_id)
    if settled_at is None and deposit >= bill.rupiah:
        events += _credit_everybody(connection, payer, bill, received_at, new_id, at, rules)
        settled_at, deposit = at, deposit - bill.rupiah
    if events:
        record(connection, *events)
    if settled_at is None:
        return Waiting(bill, bill.rupiah - deposit, deposit)
    return Settled(bill, settled_at, deposit)


def _is_known(connection: Connection, payer: Payer, bill: GroupBill, paid: Sum) -> bool:
    earlier = group_money.find_sum(connection, payer.intermediary_id, paid.reference)
    if earlier is None:
        return False
    # A sum of before bills were written beside it may be told for any.
    if earlier.rupiah != paid.rupiah or earlier.bill_id not in {None, bill.bill_id}:
        own = (
            None
            if earlier.bill_id is None
            else group_bills.get_by_id(connection, payer.intermediary_id, earlier.bill_id)
        )
        raise ReferenceConflict(
            reference=paid.reference,
            kept=f"Rp{earlier.rupiah}, {'-' if own is None else own.reference}",
            asked=f"Rp{paid.rupiah}, {bill.reference}",
        )
    bounce = group_bounces.bounce_of(connection, payer.intermediary_id, earlier.sum_id)
    if bounce is not None:
        raise MoneyBounced(reference=paid.reference, reason=bounce.reason)
    return True


def _take_in(
    connection: Connection,
    payer: Payer,
    bill: GroupBill,
    paid: Sum,
    received_at: datetime,
    sum_id: str,
    at: datetime,
    *,
    is_settled: bool,
) -> None:
    due = 0 if is_settled else bill.rupiah - group_money.deposit(connection, payer.intermediary_id)
    if payer.settings.mismatch is Mismatch.REFUSE and paid.rupiah != due:
        raise GroupSumMismatch(bill=bill.reference, due=due, paid=paid.rupiah, difference=paid.rupiah - due)
    row = GroupSum(payer.intermediary_id, sum_id, paid.reference, paid.rupiah, received_at, at, bill.bill_id)
    group_money.add_sum(connection, row)


def _credit_everybody(
    connection: Connection,
    payer: Payer,
    bill: GroupBill,
    received_at: datetime,
    new_id: Callable[[], str],
    at: datetime,
    rules: Rules,
) -> list[AuditEvent]:
    group_bills.settle(connection, bill, at)
    shares = _shares(connection, payer, bill, new_id)
    events = credit_together(
        connection, [replace(share, received_at=received_at, recorded_at=at) for share in shares], rules=rules
    )
    detail: dict[str, Json] = {
        "intermediary": payer.code,
        "bill": bill.bill_id,
        "rows": len(shares),
        "rupiah": bill.rupiah,
    }
    return [*events, AuditEvent("group.bill-settled", at, detail)]


def _shares(connection: Connection, payer: Payer, bill: GroupBill, new_id: Callable[[], str]) -> list[PaymentRow]:
    """What each member is credited: the bill's rows, or, where it was paid before, what was taken back, to whomever months had moved meanwhile."""
    before = group_bounces.taken_back(connection, payer.intermediary_id, bill.bill_id)
    if before:
        anew = [(each, new_id()) for each in before]
        return [
            replace(each, payment_id=payment_id, reference=f"{each.reference.partition('~')[0]}~{payment_id}")
            for each, payment_id in anew
        ]
    return [
        PaymentRow(
            member_id=row.member_id,
            payment_id=new_id(),
            partner_id=payer.intermediary_id,
            reference=f"{bill.bill_id}/{row.line}",
            channel=Channel.GROUP,
            payer=PayerKind.GROUP,
            amount=row.rupiah,
            received_at=bill.drawn_at,
            recorded_at=bill.drawn_at,
            months=row.months,
        )
        for row in group_bills.rows_of(connection, bill)
    ]
