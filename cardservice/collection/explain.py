# SPDX-License-Identifier: Apache-2.0
"""``explain``: how a member stood at a moment as it was known at another, with the terms, months and payments behind it; who asks is on the trail."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cardservice.collection.member_ledger import parts_of
from cardservice.collection.member_past import read_past
from cardservice.coverage.basis import ContributionBasis
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.decision import Coverage
from cardservice.coverage.ledger import Allocation
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.payment import Payment
from cardservice.coverage.programme import Programme
from cardservice.enrolment.member_terms import programmes_of, terms_of
from cardservice.records import audit_events, members
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound
from cardservice.records.member_months import MemberMonth


class Ground(StrEnum):
    """Why somebody asks about a member's past. A list: a reason in somebody's own words has names and numbers of people in it."""

    MEMBER_ASKS = "member-asks"
    CLAIM = "claim"
    DISPUTE = "dispute"
    COURT = "court"
    AUDIT = "audit"
    FAULT = "fault"  # somebody looks for an error of ours


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, why, and when (aware)."""

    by: str
    ground: Ground
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentBehind:
    """A payment known then. ``bought`` are the months of any programme that it paid for; ``reversed_at`` when we learned that it was taken back."""

    payment: Payment
    bought: tuple[Allocation, ...]
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision and all that it rests on. ``months`` are the programme's; ``rule_pack`` is the number of the pack that judged.

    ``programmes`` and ``basis`` are the terms known at ``knowledge_at``: what is joined, and what priced the month of ``as_of``.
    """

    decision: Coverage
    knowledge_at: datetime
    rule_pack: int
    programmes: frozenset[Programme]
    basis: ContributionBasis
    credit: int
    months: tuple[MemberMonth, ...]
    payments: tuple[PaymentBehind, ...]


def explain(
    connection: Connection,
    member_ref: str,
    programme: Programme,
    as_of: datetime,
    *,
    knowledge_at: datetime,
    packs: PacksInForce,
) -> Explanation:
    """Both moments are aware. Raises RecordNotFound, UnknownTariff."""
    member = members.find_by_ref(connection, member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    past = read_past(connection, member, packs)
    ledger = past.ledger(knowledge_at)
    undone = {each.payment_id: each.reversed_at for each in past.reversals if each.reversed_at <= knowledge_at}
    payments = tuple(
        PaymentBehind(each, () if ledger is None else parts_of(ledger, each.payment_id), undone.get(each.payment_id))
        for each in sorted(past.payments, key=lambda each: (each.recorded_at, each.payment_id))
        if each.recorded_at <= knowledge_at
    )
    return Explanation(
        packs.coverage(past, programme, as_of, knowledge_at=knowledge_at),
        knowledge_at,
        packs.at(as_of, known_at=knowledge_at).number,
        programmes_of(member, knowledge_at),
        terms_of(member, knowledge_at).for_month(month_at(as_of)),
        0 if ledger is None else ledger.credit,
        tuple(each for each in past.months(knowledge_at) if each.programme is programme),
        payments,
    )


def explain_to(
    connection: Connection,
    asker: Asker,
    member_ref: str,
    programme: Programme,
    as_of: datetime,
    *,
    knowledge_at: datetime,
    packs: PacksInForce,
) -> Explanation:
    """explain() for a person: the trail says who asked about whom (by the member's random identifier), why, and what was told."""
    found = explain(connection, member_ref, programme, as_of, knowledge_at=knowledge_at, packs=packs)
    member = members.find_by_ref(connection, member_ref)
    assert member is not None
    detail: dict[str, Json] = {
        "by": asker.by,
        "why": asker.ground.value,
        "programme": programme.value,
        "as_of": as_of.isoformat(),
        "knowledge_at": knowledge_at.isoformat(),
        "state": None if found.decision.state is None else found.decision.state.value,
        "rule_pack": found.rule_pack,
    }
    audit_events.append(connection, [AuditEvent("coverage.explained", asker.at, detail, member_id=member.member_id)])
    return found
