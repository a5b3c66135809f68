# SPDX-License-Identifier: Apache-2.0
"""One member's question to the population registry: where it stands, what follows from that, and asking it again."""

from datetime import datetime

from cardservice.enrolment.population_state import Entitled, Entitlement, NotEntitled, entitled
from cardservice.records import audit_events, members, population_checks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound
from cardservice.records.population_checks import PopulationState


def population_state(connection: Connection, member_id: str) -> PopulationState:
    """Where a member stands; whoever was never asked about is provisional."""
    check = population_checks.get(connection, member_id)
    return PopulationState.PROVISIONAL if check is None else check.state


def member_entitled(connection: Connection, member_id: str, entitlement: Entitlement) -> Entitled | NotEntitled:
    """Whether a member has what depends on the registry."""
    return entitled(population_state(connection, member_id), entitlement)


def recheck(connection: Connection, member_ref: str, *, by: str, at: datetime) -> str:
    """Ask about a member again, since a person has a reason to. Returns the member's identifier. Raises RecordNotFound."""
    member = members.find_by_ref(connection, member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    population_checks.reopen(connection, member.member_id, at)
    audit_events.append(connection, [AuditEvent("member.recheck", at, {"by": by}, member_id=member.member_id)])
    return member.member_id
