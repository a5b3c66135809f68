# SPDX-License-Identifier: Apache-2.0
"""One member's question to the population registry: where it stands, what follows from that, asking it again, and a person's word instead."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.enrolment.errors import NothingToAccept
from cardservice.enrolment.population_state import (
    Entitled,
    Entitlement,
    IdentityStanding,
    NotEntitled,
    entitled,
    identity_standing,
)
from cardservice.records import audit_events, members, population_acceptances, population_checks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound
from cardservice.records.population_acceptances import Acceptance, SeenDocument
from cardservice.records.population_checks import PopulationState


@dataclass(frozen=True, slots=True)
class Identity:
    """How a member stands with the registry; ``accepted`` is a person's word where that is what counts."""

    state: PopulationState
    standing: IdentityStanding
    accepted: Acceptance | None

    def entitled(self, entitlement: Entitlement) -> Entitled | NotEntitled:
        """Whether the member has what depends on it."""
        return entitled(self.standing, entitlement)


def population_state(connection: Connection, member_id: str) -> PopulationState:
    """Where a member's question stands; whoever was never asked about is provisional."""
    check = population_checks.get(connection, member_id)
    return PopulationState.PROVISIONAL if check is None else check.state


def identity(connection: Connection, member_id: str) -> Identity:
    """How a member stands."""
    state = population_state(connection, member_id)
    seq, last = population_checks.last_answer(connection, member_id) or (0, None)
    accepted = population_acceptances.find(connection, member_id, seq)
    standing = identity_standing(state, last, is_accepted=accepted is not None)
    return Identity(state, standing, accepted if standing is IdentityStanding.ACCEPTED else None)


def recheck(connection: Connection, member_ref: str, *, by: str, at: datetime) -> str:
    """Ask about a member again, since a person has a reason to. Returns the member's identifier. Raises RecordNotFound."""
    member_id = _member_id(connection, member_ref)
    population_checks.reopen(connection, member_id, at)
    audit_events.append(connection, [AuditEvent("member.recheck", at, {"by": by}, member_id=member_id)])
    return member_id


def accept_difference(connection: Connection, member_ref: str, *, by: str, seen: SeenDocument, at: datetime) -> str:
    """A person who has seen a document answers for a member whom the registry knows otherwise. Returns the member's identifier.

    It holds for this answer only: with new data, or asked again, it counts no more. Raises RecordNotFound, NothingToAccept, AlreadyAccepted.
    """
    member_id = _member_id(connection, member_ref)
    state = population_state(connection, member_id)
    last = population_checks.last_answer(connection, member_id)
    if state is not PopulationState.MISMATCH or last is None:
        raise NothingToAccept(state=state.value)
    population_acceptances.add(connection, Acceptance(member_id, last[0], by, seen, at))
    detail = {"by": by, "seen": seen.value}
    audit_events.append(connection, [AuditEvent("member.difference-accepted", at, detail, member_id=member_id)])
    return member_id


def _member_id(connection: Connection, member_ref: str) -> str:
    member = members.find_by_ref(connection, member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    return member.member_id
