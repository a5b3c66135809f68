# SPDX-License-Identifier: Apache-2.0
"""The payer's role: which intermediaries may pay for groups, what is done with their wrong sums, and who belongs to a group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.errors import CollectionOutOfScope
from cardservice.coverage.civil_time import civil_day
from cardservice.enrolment.scope import Deed, Outside, Within, decide, decide_for
from cardservice.records import enrolments, group_payers, intermediaries, members
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.enrolments import EnrolledBy
from cardservice.records.errors import RecordNotFound
from cardservice.records.group_payers import GroupPayer, Mismatch
from cardservice.records.intermediaries import Intermediary
from cardservice.records.members import Member


@dataclass(frozen=True, slots=True)
class Payer:
    """A group payer at work: itself, everyone above it, and the row that is locked until the transaction ends."""

    line: tuple[Intermediary, ...]
    settings: GroupPayer

    @property
    def intermediary_id(self) -> str:
        """The payer's own."""
        return self.line[-1].intermediary_id

    @property
    def code(self) -> str:
        """The payer's own."""
        return self.line[-1].code

    def may_pay_for(self, connection: Connection, member: Member, at: datetime) -> Within | Outside:
        """Whether its scope has this member's work and region. Whoever enrolled a member, others may pay for them (decision 0160)."""
        return self.may_pay(member, enrolments.of_members(connection, [member.member_id]).get(member.member_id), at)

    def may_pay(self, member: Member, enrolled: EnrolledBy | None, at: datetime) -> Within | Outside:
        """The same where it was read through whom the member came in."""
        region = None if enrolled is None else enrolled.region
        return decide_for(
            self.line, Deed.COLLECT, civil_day(at), work_sector=member.work_sector, region=region, enrolled_by=None
        )


def register_payer(connection: Connection, code: str, mismatch: Mismatch, *, by: str, at: datetime) -> GroupPayer:
    """Let an intermediary that may collect pay for groups. A second time changes the policy. Raises RecordNotFound, CollectionOutOfScope."""
    line = intermediaries.line_of(connection, code)
    _demand_may_collect(line, at)
    payer = GroupPayer(line[-1].intermediary_id, mismatch, at)
    group_payers.register(connection, payer)
    record(connection, AuditEvent("group.registered", at, {"intermediary": code, "mismatch": mismatch.value, "by": by}))
    return payer


def payer_at_work(connection: Connection, code: str, at: datetime) -> Payer:
    """The payer, locked. Raises RecordNotFound, and CollectionOutOfScope where it may not collect today."""
    line = intermediaries.line_of(connection, code)
    settings = group_payers.lock(connection, line[-1].intermediary_id)
    _demand_may_collect(line, at)
    return Payer(line, settings)


def payer_in_books(connection: Connection, code: str) -> Payer:
    """The payer, locked, whether it may collect today or not: for what is put right in the books. Raises RecordNotFound."""
    line = intermediaries.line_of(connection, code)
    return Payer(line, group_payers.lock(connection, line[-1].intermediary_id))


def join_group(connection: Connection, code: str, member_ref: str, *, by: str, at: datetime) -> Member:
    """Let a member belong to a group before any list names them. Raises RecordNotFound, CollectionOutOfScope."""
    payer = payer_at_work(connection, code, at)
    member = member_of(connection, member_ref)
    decision = payer.may_pay_for(connection, member, at)
    if isinstance(decision, Outside):
        raise CollectionOutOfScope(intermediary=code, at=decision.at, ground=decision.ground.value)
    group_payers.join(connection, payer.intermediary_id, [member.member_id], at)
    detail = {"intermediary": code, "by": by}
    record(connection, AuditEvent("group.joined", at, detail, member_id=member.member_id))
    return member


def leave_group(connection: Connection, code: str, member_ref: str, *, by: str, at: datetime) -> Member:
    """Let a member leave. What was paid stays paid. Raises RecordNotFound, for who does not belong to the group too."""
    payer = payer_at_work(connection, code, at)
    member = member_of(connection, member_ref)
    if not group_payers.leave(connection, payer.intermediary_id, member.member_id, at):
        raise RecordNotFound(record="group-member")
    detail = {"intermediary": code, "by": by}
    record(connection, AuditEvent("group.left", at, detail, member_id=member.member_id))
    return member


def member_of(connection: Connection, member_ref: str) -> Member:
    """The member with this reference. Raises RecordNotFound."""
    member = members.find_by_ref(connection, member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    return member


def _demand_may_collect(line: Sequence[Intermediary], at: datetime) -> None:
    decision = decide(line, Deed.COLLECT, civil_day(at))
    if isinstance(decision, Outside):
        raise CollectionOutOfScope(intermediary=line[-1].code, at=decision.at, ground=decision.ground.value)
