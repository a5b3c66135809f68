# SPDX-License-Identifier: Apache-2.0
"""``void_receipt``: a receipt that should not have been given counts no more. Payment, cover, commission and what the agent holds follow at once.

Its number stays used, so that numbers have no gaps. Money that the agent remitted for it pays for the agent's next receipts
(docs/decisions/0166).
"""

from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.cash.ageing import Ageing
from cardservice.collection.cash.agent import agent_at_work, held_by, resumed_if_well
from cardservice.collection.credit import reverse_payment
from cardservice.coverage.rules import Rules
from cardservice.records import agent_cash, cash_reversals, payments
from cardservice.records.agent_cash import CashReceipt
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.cash_reversals import ReceiptVoid
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound

VOID_KIND = "agent.cash-receipt-void"
VOIDED = "agent's receipt is void"


@dataclass(frozen=True, slots=True)
class Voided:
    """A void receipt. ``owed_to_agent`` is what it remitted for void receipts. ``again``: it was void before, and nothing was changed now."""

    receipt: CashReceipt
    void: ReceiptVoid
    held: Ageing
    owed_to_agent: int
    again: bool


def void_receipt(
    connection: Connection, code: str, number: int, *, by: str, reason: str, at: datetime, rules: Rules
) -> Voided:
    """Make a receipt void, once. ``reason``: at most 64 characters, no names or numbers of members. Raises RecordNotFound."""
    agent = agent_at_work(connection, code)
    receipt = agent_cash.find_receipt(connection, agent.intermediary_id, number=number)
    if receipt is None:
        raise RecordNotFound(record="cash-receipt")
    void = cash_reversals.void_of(connection, agent.intermediary_id, number)
    again = void is not None
    if void is None:
        void = ReceiptVoid(agent.intermediary_id, number, by, reason, at)
        cash_reversals.add_void(connection, void)
        payment = payments.get(connection, receipt.member_id, receipt.payment_id)
        undone = reverse_payment(
            connection, payment, partner_id=agent.intermediary_id, reason=VOIDED, at=at, rules=rules
        )
        resumed = resumed_if_well(connection, agent, at, "receipt-void")
        record(connection, undone.event, void_event(agent.code, receipt, void), *resumed)
    held = held_by(connection, agent, at)
    owed = agent_cash.owed_to_agent(connection, agent.intermediary_id)
    return Voided(receipt, void, held, owed, again=again)


def void_event(code: str, receipt: CashReceipt, void: ReceiptVoid) -> AuditEvent:
    """The notice as the trail keeps it: the receipt it is about, who made it void and why, and the commission that goes with it."""
    detail: dict[str, Json] = {
        "agent": code,
        "number": receipt.number,
        "payment": receipt.payment_id,
        "rupiah": receipt.rupiah,
        "agent_commission": -receipt.agent_rupiah,
        "body_commission": -receipt.body_rupiah,
        "by": void.voided_by,
        "reason": void.reason,
    }
    return AuditEvent(VOID_KIND, void.voided_at, detail, member_id=receipt.member_id)
