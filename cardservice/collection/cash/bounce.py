# SPDX-License-Identifier: Apache-2.0
"""``bounce_remittance``: what an agent handed over went back. Its receipts are unremitted again, each at its own age, and the alarm looks at once.

Members keep their cover: they paid, and the agency carries the agent's risk (docs/decisions/0163).
"""

from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.cash.ageing import Ageing, alarm
from cardservice.collection.cash.agent import agent_at_work, held_by, stopped_event
from cardservice.records import agent_cash, cash_reversals
from cardservice.records.agent_cash import Remittance, Stop
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.cash_reversals import RemittanceBounce
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound


@dataclass(frozen=True, slots=True)
class BouncedRemittance:
    """A remittance that went back. ``stopped`` says on which ground the agent was stopped by it."""

    remittance: Remittance
    bounce: RemittanceBounce
    held: Ageing
    stopped: Stop | None
    again: bool


def bounce_remittance(
    connection: Connection, code: str, reference: str, *, by: str, reason: str, at: datetime
) -> BouncedRemittance:
    """Take a remittance back, once. ``reason``: at most 64 characters. Raises RecordNotFound."""
    agent = agent_at_work(connection, code)
    remittance = agent_cash.find_remittance(connection, agent.intermediary_id, reference)
    if remittance is None:
        raise RecordNotFound(record="cash-remittance")
    bounce = cash_reversals.bounce_of(connection, agent.intermediary_id, reference)
    if bounce is not None:
        return BouncedRemittance(remittance, bounce, held_by(connection, agent, at), None, again=True)
    bounce = RemittanceBounce(agent.intermediary_id, reference, by, reason, at)
    cash_reversals.add_bounce(connection, bounce)
    held = held_by(connection, agent, at)
    stop = alarm(agent.terms, held) if agent.terms.stopped_for is None else None
    detail: dict[str, Json] = {
        "intermediary": code,
        "reference": reference,
        "rupiah": remittance.rupiah,
        "by": by,
        "reason": reason,
    }
    events = [AuditEvent("agent.remittance-bounced", at, detail)]
    if stop is not None:
        agent_cash.set_stop(connection, agent.intermediary_id, stop, at)
        events.append(stopped_event(code, stop, at))
    record(connection, *events)
    return BouncedRemittance(remittance, bounce, held, stop, again=False)
