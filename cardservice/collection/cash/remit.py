# SPDX-License-Identifier: Apache-2.0
"""``remit``: an agent hands over what it collected; matched to its receipts, oldest first, whole rupiah by whole rupiah."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.cash.ageing import Ageing, ageing, alarm
from cardservice.collection.cash.agent import agent_at_work
from cardservice.collection.errors import ReferenceConflict, RemittanceTooHigh
from cardservice.records import agent_cash
from cardservice.records.agent_cash import Remittance, Stop
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection


@dataclass(frozen=True, slots=True)
class Remitted:
    """``settled`` are the numbers of the receipts that this remittance finished; ``held`` is what the agent still has."""

    remittance: Remittance
    settled: tuple[int, ...]
    held: Ageing
    resumed: bool


def remit(connection: Connection, code: str, reference: str, rupiah: int, at: datetime) -> Remitted:
    """Take a remittance in. A stop for too much or too old cash ends with it, once neither is so. The same reference again changes nothing.

    Raises RecordNotFound, RemittanceTooHigh, ReferenceConflict for another sum under a reference.
    """
    agent = agent_at_work(connection, code)
    held = agent_cash.unremitted(connection, agent.intermediary_id)
    earlier = agent_cash.find_remittance(connection, agent.intermediary_id, reference)
    if earlier is not None:
        if earlier.rupiah != rupiah:
            raise ReferenceConflict(reference=reference, kept=f"Rp{earlier.rupiah}", asked=f"Rp{rupiah}")
        return Remitted(earlier, (), ageing(held, at), resumed=False)
    most = sum(each.rupiah for each in held)
    if rupiah > most:
        raise RemittanceTooHigh(intermediary=code, held=most, rupiah=rupiah)
    remittance = Remittance(agent.intermediary_id, reference, rupiah, at)
    agent_cash.add_remittance(connection, remittance)
    left = agent_cash.unremitted(connection, agent.intermediary_id)
    still = {each.number for each in left}
    after = ageing(left, at)
    resumed = agent.terms.stopped_for in {Stop.TOO_MUCH, Stop.TOO_LONG} and alarm(agent.terms, after) is None
    detail: dict[str, Json] = {"intermediary": code, "reference": reference, "rupiah": rupiah}
    events = [AuditEvent("agent.remitted", at, detail)]
    if resumed:
        agent_cash.set_stop(connection, agent.intermediary_id, None, at)
        events.append(AuditEvent("agent.resumed", at, {"intermediary": code, "reason": "remitted"}))
    record(connection, *events)
    settled = tuple(each.number for each in held if each.number not in still)
    return Remitted(remittance, settled, after, resumed)
