# SPDX-License-Identifier: Apache-2.0
"""``remit``: an agent hands over what it collected; matched to its receipts, oldest first, whole rupiah by whole rupiah."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.cash.ageing import Ageing, ageing
from cardservice.collection.cash.agent import agent_at_work, resumed_if_well
from cardservice.collection.errors import MoneyBounced, ReferenceConflict, RemittanceTooHigh
from cardservice.records import agent_cash, cash_reversals
from cardservice.records.agent_cash import Remittance
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

    Raises RecordNotFound, RemittanceTooHigh, MoneyBounced where it went back since, ReferenceConflict for another sum under a reference.
    """
    agent = agent_at_work(connection, code)
    held = agent_cash.unremitted(connection, agent.intermediary_id)
    earlier = agent_cash.find_remittance(connection, agent.intermediary_id, reference)
    if earlier is not None:
        if earlier.rupiah != rupiah:
            raise ReferenceConflict(reference=reference, kept=f"Rp{earlier.rupiah}", asked=f"Rp{rupiah}")
        bounce = cash_reversals.bounce_of(connection, agent.intermediary_id, reference)
        if bounce is not None:
            raise MoneyBounced(reference=reference, reason=bounce.reason)
        return Remitted(earlier, (), ageing(held, at), resumed=False)
    most = sum(each.rupiah for each in held)
    if rupiah > most:
        raise RemittanceTooHigh(intermediary=code, held=most, rupiah=rupiah)
    remittance = Remittance(agent.intermediary_id, reference, rupiah, at)
    agent_cash.add_remittance(connection, remittance)
    left = agent_cash.unremitted(connection, agent.intermediary_id)
    still = {each.number for each in left}
    detail: dict[str, Json] = {"intermediary": code, "reference": reference, "rupiah": rupiah}
    resumed = resumed_if_well(connection, agent, at, "remitted")
    record(connection, AuditEvent("agent.remitted", at, detail), *resumed)
    settled = tuple(each.number for each in held if each.number not in still)
    return Remitted(remittance, settled, ageing(left, at), resumed=bool(resumed))
