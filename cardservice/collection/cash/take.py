# SPDX-License-Identifier: Apache-2.0
"""``take_cash``: an agent takes a member's cash; receipt, payment and cover are one transaction.

Cover counts from the receipt: the member has paid, and what the agent does with the cash is the agency's risk (docs/decisions/0163). The
agent's device names each receipt; named again, after a lost connection, it is the same receipt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.bill import draw_bill
from cardservice.collection.cash.ageing import ageing, alarm
from cardservice.collection.cash.agent import AgentAtWork, agent_at_work, stopped_event
from cardservice.collection.cash.commission import commission
from cardservice.collection.credit import credit_to
from cardservice.collection.errors import AgentStopped, AmountRefused, ReceiptIsVoid, ReferenceConflict
from cardservice.collection.member_ledger import read_ledger
from cardservice.coverage.rules import Rules
from cardservice.records import agent_cash, cash_reversals, members
from cardservice.records.agent_cash import CashReceipt, Stop
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound
from cardservice.records.payments import Channel, PaymentRow

RECEIPT_KIND = "agent.cash-receipt"


@dataclass(frozen=True, slots=True)
class Cash:
    """What is handed over the counter, whole rupiah."""

    reference: str
    member_ref: str
    rupiah: int


def take_cash(
    database: Database, code: str, cash: Cash, *, new_id: Callable[[], str], at: datetime, rules: Rules
) -> CashReceipt:
    """Give a receipt, or, where the alarm says so, stop the agent.

    Raises AgentStopped, CollectionOutOfScope, AmountRefused, RecordNotFound, ReferenceConflict for other cash under a reference,
    ReceiptIsVoid where it was made void since.
    """
    with database.begin() as connection:
        outcome = _take(connection, code, cash, new_id, at, rules)
    # Raised when the stop is written down: it must stay, and the cash must not.
    if isinstance(outcome, Stop):
        raise AgentStopped(intermediary=code, ground=outcome.value)
    return outcome


def _take(
    connection: Connection, code: str, cash: Cash, new_id: Callable[[], str], at: datetime, rules: Rules
) -> CashReceipt | Stop:
    agent = agent_at_work(connection, code)
    member = members.find_by_ref(connection, cash.member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    earlier = agent_cash.find_receipt(connection, agent.intermediary_id, reference=cash.reference)
    if earlier is not None:
        if (earlier.member_id, earlier.rupiah) != (member.member_id, cash.rupiah):
            raise ReferenceConflict(
                reference=cash.reference,
                kept=f"{members.get(connection, earlier.member_id).external_ref}, Rp{earlier.rupiah}",
                asked=f"{cash.member_ref}, Rp{cash.rupiah}",
            )
        void = cash_reversals.void_of(connection, agent.intermediary_id, earlier.number)
        if void is not None:
            raise ReceiptIsVoid(intermediary=code, number=earlier.number, reason=void.reason)
        return earlier
    # 1. May this agent take this cash from this member?
    agent.demand_may_take_from(connection, member, at)
    if (stop := _stop(connection, agent, cash.rupiah, at)) is not None:
        return stop
    # 2. An amount that buys at least a month, and at most a year ahead.
    known = read_ledger(connection, members.lock(connection, member.member_id))
    bill = draw_bill(known, rules, at)
    if not bill.one_month <= cash.rupiah <= bill.ceiling:
        raise AmountRefused(least=bill.one_month, most=bill.ceiling)
    # 3. Receipt, payment, cover.
    receipt = _receipt(connection, agent, cash, member.member_id, new_id(), at)
    agent_cash.add_receipt(connection, receipt)
    payment = PaymentRow(
        member_id=member.member_id,
        payment_id=receipt.payment_id,
        partner_id=agent.intermediary_id,
        reference=f"cash/{receipt.number}",
        channel=Channel.AGENT,
        payer=member.payer,
        amount=cash.rupiah,
        received_at=at,
        recorded_at=at,
        months=[],
    )
    credited = credit_to(connection, known, payment, rules=rules)
    record(connection, credited.event, receipt_event(agent.code, receipt))
    return receipt


def receipt_event(code: str, receipt: CashReceipt) -> AuditEvent:
    """The receipt as the trail keeps it, and as its signed proof shows it: no name, no NIK."""
    detail: dict[str, Json] = {
        "agent": code,
        "number": receipt.number,
        "payment": receipt.payment_id,
        "rupiah": receipt.rupiah,
    }
    return AuditEvent(RECEIPT_KIND, receipt.taken_at, detail, member_id=receipt.member_id)


def _stop(connection: Connection, agent: AgentAtWork, rupiah: int, at: datetime) -> Stop | None:
    if agent.terms.stopped_for is not None:
        return agent.terms.stopped_for
    held = ageing(agent_cash.unremitted(connection, agent.intermediary_id), at)
    stop = alarm(agent.terms, held, rupiah)
    if stop is not None:
        agent_cash.set_stop(connection, agent.intermediary_id, stop, at)
        record(connection, stopped_event(agent.code, stop, at))
    return stop


def _receipt(
    connection: Connection, agent: AgentAtWork, cash: Cash, member_id: str, payment_id: str, at: datetime
) -> CashReceipt:
    parts = commission(cash.rupiah, agent.terms.rate_bp, agent.terms.agent_share_bp)
    return CashReceipt(
        intermediary_id=agent.intermediary_id,
        number=agent_cash.next_number(connection, agent.intermediary_id),
        reference=cash.reference,
        member_id=member_id,
        payment_id=payment_id,
        rupiah=cash.rupiah,
        agent_rupiah=parts.agent,
        body_rupiah=parts.body,
        taken_at=at,
    )
