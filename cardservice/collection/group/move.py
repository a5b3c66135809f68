# SPDX-License-Identifier: Apache-2.0
"""``move_months``: months that a group paid for a leaver, and that lie wholly ahead, go to a joiner of the same group.

The leaver's payment is taken back and stands again without those months, as if it had come when it came: months begun stay as they were, and
so does every answer given before. The joiner's payment comes at the moment of the move, so that it covers nothing before it. The sum of
money is the same (docs/decisions/0162).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.credit import credit_payment, reverse_payment
from cardservice.collection.errors import CollectionOutOfScope, MonthsNotMovable, ReferenceConflict
from cardservice.collection.group.payer import Payer, member_of, payer_at_work
from cardservice.collection.member_ledger import MemberLedger, months_document, named_months, read_ledger
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import NamedMonth, ProgrammeMonth
from cardservice.coverage.rules import Rules
from cardservice.enrolment.scope import Outside
from cardservice.records import group_moves, group_payers, members, payments
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.group_moves import GroupMove, GroupMoveRequest
from cardservice.records.members import Member
from cardservice.records.payments import PaymentRow

MOVED = "months moved to a joiner"


@dataclass(frozen=True, slots=True)
class Move:
    """What is asked: all of the leaver's months from ``first`` on. ``reference`` makes it one, however often it is asked."""

    reference: str
    leaver_ref: str
    joiner_ref: str
    first: ContributionMonth
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """One payment as it stands after a move: what the leaver keeps (None: nothing), and what the joiner gets."""

    source: PaymentRow
    kept: PaymentRow | None
    given: PaymentRow
    months: tuple[NamedMonth, ...]


def move_months(
    connection: Connection,
    code: str,
    move: Move,
    *,
    new_id: Callable[[], str],
    at: datetime,
    rules: Rules,
) -> tuple[GroupMove, ...]:
    """Move them. The leaver leaves the group. The same reference again changes nothing.

    Raises RecordNotFound, CollectionOutOfScope, MonthsNotMovable, ReferenceConflict for anything else asked under a reference.
    """
    payer = payer_at_work(connection, code, at)
    leaver, joiner = member_of(connection, move.leaver_ref), member_of(connection, move.joiner_ref)
    earlier = group_moves.find_request(connection, payer.intermediary_id, move.reference)
    if earlier is not None:
        _demand_same(connection, earlier, move, leaver, joiner)
        return group_moves.moves_of(connection, earlier)
    # 1. Both are of this group, and the months lie wholly ahead.
    _demand_same_group(connection, payer, leaver, joiner, at)
    if move.first <= month_at(at):
        raise MonthsNotMovable(rule="begun", month=str(move.first))
    locked = {each: members.lock(connection, each) for each in sorted((leaver.member_id, joiner.member_id))}
    # 2. The group's own money pays for them.
    sources = _sources(connection, payer, read_ledger(connection, locked[leaver.member_id]), move.first, rules, at)
    moved = [each for _, months in sources for each in months]
    if not moved:
        raise MonthsNotMovable(rule="nothing-ahead", month=str(move.first))
    # 3. They mean the same to the joiner: programme joined, not paid yet, same price.
    _demand_same_price(read_ledger(connection, locked[joiner.member_id]), moved, rules, at)
    # 4. Both sides at once.
    splits = [split_payment(source, months, joiner.member_id, new_id=new_id, at=at) for source, months in sources]
    events = [event for split in splits for event in _carry_out(connection, split, rules, at)]
    group_payers.leave(connection, payer.intermediary_id, leaver.member_id, at)
    rows = _rows(payer, move, leaver, joiner, splits, new_id(), at)
    group_moves.add_request(connection, _request(move, rows))
    group_moves.add_moves(connection, rows)
    record(connection, *events, *_told(payer, move, rows, at))
    return rows


def split_payment(
    source: PaymentRow, months: Sequence[NamedMonth], joiner_id: str, *, new_id: Callable[[], str], at: datetime
) -> Split:
    """A payment without ``months``, and another of just these: together the same money."""
    moved = set(months)
    rupiah = sum(each.amount for each in months)
    origin = source.reference.partition("~")[0]
    kept_id, given_id = new_id(), new_id()
    rest = tuple(each for each in named_months(source.months) if each not in moved)
    kept = replace(
        source,
        payment_id=kept_id,
        reference=f"{origin}~{kept_id}",
        amount=source.amount - rupiah,
        received_at=min(source.received_at, source.recorded_at),
        recorded_at=at,
        months=months_document(rest),
    )
    given = replace(
        source,
        member_id=joiner_id,
        payment_id=given_id,
        reference=f"{origin}~{given_id}",
        amount=rupiah,
        received_at=at,
        recorded_at=at,
        months=months_document(tuple(months)),
    )
    return Split(source, kept if kept.amount else None, given, tuple(months))


def _demand_same(connection: Connection, earlier: GroupMoveRequest, move: Move, leaver: Member, joiner: Member) -> None:
    """Who asks is no part of what is asked: a colleague may ask again after a lost connection."""
    kept = (earlier.leaver_id, earlier.joiner_id, earlier.first_month, earlier.reason)
    if kept == (leaver.member_id, joiner.member_id, move.first, move.reason):
        return
    from_ref, to_ref = (members.get(connection, each).external_ref for each in (earlier.leaver_id, earlier.joiner_id))
    raise ReferenceConflict(
        reference=move.reference,
        kept=f"{from_ref} > {to_ref}, {earlier.first_month}, {earlier.reason}",
        asked=f"{move.leaver_ref} > {move.joiner_ref}, {move.first}, {move.reason}",
    )


def _request(move: Move, rows: Sequence[GroupMove]) -> GroupMoveRequest:
    own = rows[0]
    return GroupMoveRequest(
        own.intermediary_id,
        move.reference,
        own.move_id,
        own.leaver_id,
        own.joiner_id,
        move.first,
        move.by,
        move.reason,
        own.moved_at,
    )


def _demand_same_group(connection: Connection, payer: Payer, leaver: Member, joiner: Member, at: datetime) -> None:
    if leaver.member_id == joiner.member_id:
        raise MonthsNotMovable(rule="one-person", month="")
    if not group_payers.belongs(connection, payer.intermediary_id, joiner.member_id):
        raise MonthsNotMovable(rule="joiner-not-in-group", month="")
    decision = payer.may_pay_for(connection, joiner, at)
    if isinstance(decision, Outside):
        raise CollectionOutOfScope(intermediary=payer.code, at=decision.at, ground=decision.ground.value)


def _sources(
    connection: Connection, payer: Payer, known: MemberLedger, first: ContributionMonth, rules: Rules, at: datetime
) -> list[tuple[PaymentRow, tuple[NamedMonth, ...]]]:
    """The group's payments that stand, each with the months from ``first`` on that it pays for."""
    bought = {(each.payment_id, each.programme, each.month) for each in known.allocated(rules, at).allocations}
    found = []
    for row, reversed_at in payments.of_member(connection, known.member.member_id):
        if row.partner_id != payer.intermediary_id or reversed_at is not None:
            continue
        months = tuple(
            each
            for each in named_months(row.months)
            if each.month >= first and each.amount and (row.payment_id, each.programme, each.month) in bought
        )
        if months:
            found.append((row, months))
    return found


def _demand_same_price(joiner: MemberLedger, moved: Sequence[NamedMonth], rules: Rules, at: datetime) -> None:
    paid: frozenset[ProgrammeMonth] = frozenset(joiner.allocated(rules, at).paid)
    for each in moved:
        if not joiner.terms.owes(each.programme, each.month, at):
            raise MonthsNotMovable(rule="programme-not-joined", month=str(each.month))
        if (each.programme, each.month) in paid:
            raise MonthsNotMovable(rule="paid-already", month=str(each.month))
        if rules.monthly_rupiah(each.programme, each.month, joiner.terms.for_month(each.month)) != each.amount:
            raise MonthsNotMovable(rule="other-price", month=str(each.month))


def _carry_out(connection: Connection, split: Split, rules: Rules, at: datetime) -> list[AuditEvent]:
    source = split.source
    undone = reverse_payment(connection, source, partner_id=source.partner_id, reason=MOVED, at=at, rules=rules)
    standing = [payment for payment in (split.kept, split.given) if payment is not None]
    return [undone.event, *(credit_payment(connection, payment, rules=rules).event for payment in standing)]


def _rows(
    payer: Payer, move: Move, leaver: Member, joiner: Member, splits: Sequence[Split], move_id: str, at: datetime
) -> tuple[GroupMove, ...]:
    return tuple(
        GroupMove(
            intermediary_id=payer.intermediary_id,
            move_id=move_id,
            programme=each.programme,
            month=each.month,
            reference=move.reference,
            leaver_id=leaver.member_id,
            joiner_id=joiner.member_id,
            source_payment_id=split.source.payment_id,
            joiner_payment_id=split.given.payment_id,
            rupiah=each.amount,
            moved_by=move.by,
            reason=move.reason,
            moved_at=at,
        )
        for split, each in sorted(
            ((split, each) for split in splits for each in split.months),
            key=lambda pair: (pair[1].month, pair[1].programme),
        )
    )


def _told(payer: Payer, move: Move, rows: Sequence[GroupMove], at: datetime) -> list[AuditEvent]:
    """The move in both members' trails."""
    detail: dict[str, Json] = {
        "intermediary": payer.code,
        "move": rows[0].move_id,
        "first": str(move.first),
        "rupiah": sum(row.rupiah for row in rows),
        "by": move.by,
        "reason": move.reason,
    }
    return [
        AuditEvent("group.months-moved-away", at, detail, member_id=rows[0].leaver_id),
        AuditEvent("group.months-moved-in", at, detail, member_id=rows[0].joiner_id),
    ]
