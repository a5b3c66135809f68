# SPDX-License-Identifier: Apache-2.0
"""Which agents take cash and on which terms; stopping and cutting them, and letting them go on."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.cash.ageing import Ageing, ageing, alarm
from cardservice.collection.errors import CollectionOutOfScope
from cardservice.coverage.civil_time import civil_day, month_at
from cardservice.enrolment.scope import Deed, Outside, decide, decide_for
from cardservice.records import agent_cash, enrolments, intermediaries
from cardservice.records.agent_cash import CashAgent, Stop
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.intermediaries import Intermediary
from cardservice.records.members import Member


@dataclass(frozen=True, slots=True)
class AgentAtWork:
    """An agent whose row is locked until the transaction ends, and everyone above it."""

    line: tuple[Intermediary, ...]
    terms: CashAgent

    @property
    def code(self) -> str:
        """The agent's own."""
        return self.line[-1].code

    @property
    def intermediary_id(self) -> str:
        """The agent's own."""
        return self.line[-1].intermediary_id

    def demand_may_take_from(self, connection: Connection, member: Member, at: datetime) -> None:
        """Raises CollectionOutOfScope unless the scope has this member's work and region, today."""
        enrolled = enrolments.of_members(connection, [member.member_id]).get(member.member_id)
        region = None if enrolled is None else enrolled.region
        decision = decide_for(
            self.line, Deed.COLLECT, civil_day(at), work_sector=member.work_sector, region=region, enrolled_by=None
        )
        if isinstance(decision, Outside):
            raise CollectionOutOfScope(intermediary=self.code, at=decision.at, ground=decision.ground.value)


def agent_at_work(connection: Connection, code: str) -> AgentAtWork:
    """The agent, locked. Raises RecordNotFound."""
    line = intermediaries.line_of(connection, code)
    return AgentAtWork(line, agent_cash.lock(connection, line[-1].intermediary_id))


def set_agent_terms(connection: Connection, code: str, terms: CashAgent, *, by: str) -> CashAgent:
    """Let an intermediary that may collect take cash, or change its terms; ``terms.intermediary_id`` is filled in here.

    Raises RecordNotFound, CollectionOutOfScope.
    """
    line = intermediaries.line_of(connection, code)
    decision = decide(line, Deed.COLLECT, civil_day(terms.registered_at))
    if isinstance(decision, Outside):
        raise CollectionOutOfScope(intermediary=code, at=decision.at, ground=decision.ground.value)
    own = CashAgent(
        line[-1].intermediary_id,
        terms.rate_bp,
        terms.agent_share_bp,
        terms.most_rupiah,
        terms.most_days,
        terms.inactive_months,
        terms.registered_at,
    )
    agent_cash.set_terms(connection, own)
    detail = {"intermediary": code, "by": by}
    record(connection, AuditEvent("agent.terms-set", terms.registered_at, detail))
    return agent_cash.lock(connection, own.intermediary_id)


def resume_agent(connection: Connection, code: str, *, by: str, reason: str, at: datetime) -> None:
    """Let a stopped agent take cash again, by a person's word. The alarm stops it again at once if it still holds."""
    agent = agent_at_work(connection, code)
    agent_cash.set_stop(connection, agent.intermediary_id, None, at)
    detail = {"intermediary": code, "by": by, "reason": reason}
    record(connection, AuditEvent("agent.resumed", at, detail))


def watch_agents(connection: Connection, at: datetime) -> tuple[tuple[str, Stop], ...]:
    """Stop every agent whose cash is too much or too old, or who took none for the months of its terms. Run it daily; twice is once."""
    codes = {each.intermediary_id: each.code for each in intermediaries.every(connection)}
    stopped = []
    for each in agent_cash.every(connection):
        agent = agent_cash.lock(connection, each.intermediary_id)
        stop = alarm(agent, ageing(agent_cash.unremitted(connection, agent.intermediary_id), at))
        stop = stop or _inactive(connection, agent, at)
        if stop is not None and agent.stopped_for is None:
            agent_cash.set_stop(connection, agent.intermediary_id, stop, at)
            stopped.append((codes[agent.intermediary_id], stop))
    if stopped:
        record(connection, *(stopped_event(code, stop, at) for code, stop in stopped))
    return tuple(stopped)


def held_by(connection: Connection, agent: AgentAtWork, at: datetime) -> Ageing:
    """What the agent collected and did not remit, by age."""
    return ageing(agent_cash.unremitted(connection, agent.intermediary_id), at)


def resumed_if_well(connection: Connection, agent: AgentAtWork, at: datetime, reason: str) -> list[AuditEvent]:
    """A stop for too much or too old cash ends once neither is so: what the trail says of it, or nothing."""
    stopped = agent.terms.stopped_for in {Stop.TOO_MUCH, Stop.TOO_LONG}
    if not stopped or alarm(agent.terms, held_by(connection, agent, at)) is not None:
        return []
    agent_cash.set_stop(connection, agent.intermediary_id, None, at)
    return [AuditEvent("agent.resumed", at, {"intermediary": agent.code, "reason": reason})]


def stopped_event(code: str, stop: Stop, at: datetime) -> AuditEvent:
    """What the trail says of a stop."""
    return AuditEvent("agent.stopped", at, {"intermediary": code, "ground": stop.value})


def _inactive(connection: Connection, agent: CashAgent, at: datetime) -> Stop | None:
    last = agent_cash.last_taken(connection, agent.intermediary_id) or agent.registered_at
    last = max(last, agent.resumed_at or last)
    return Stop.INACTIVE if month_at(at) - month_at(last) > agent.inactive_months else None
