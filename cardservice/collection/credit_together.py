# SPDX-License-Identifier: Apache-2.0
"""``credit_together`` and ``reverse_together``: as credit_payment() and reverse_payment(), for a whole list of members in few statements.

Every member is locked before anything is read, in one order by everybody. Then ledgers are read, decided one by one, and written, some hundreds
of members at a time, so that memory grows with the list by its events only. A member with several payments has them one after another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from cardservice.collection.credit import Credited, as_credited, as_reversed
from cardservice.collection.errors import PaymentReversed
from cardservice.collection.late_reversal import tell_late_reversal
from cardservice.collection.member_ledger import MemberLedger, read_ledgers
from cardservice.coverage.rules import Rules
from cardservice.records import ledger_change, members, payments
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.errors import PaymentReversedBefore
from cardservice.records.members import Member
from cardservice.records.payments import PaymentRow, ReversalRow

TOGETHER = 500  # members read and written in one go

Item = TypeVar("Item")


def credit_together(connection: Connection, shares: Sequence[PaymentRow], *, rules: Rules) -> list[AuditEvent]:
    """Credit payments to their members, all or none. The events are the caller's to append, once, at the end of the transaction.

    Raises PaymentExists where a reference was used before, RecordNotFound for no such member, UnknownTariff; then the transaction is to end.
    """
    return _turn_by_turn(
        connection,
        shares,
        decide=lambda known, payment: as_credited(known, payment, rules=rules),
        write=lambda turn: payments.add_all(connection, turn),
    )


def reverse_together(
    connection: Connection, standing: Sequence[PaymentRow], *, partner_id: str, reason: str, at: datetime, rules: Rules
) -> list[AuditEvent]:
    """Take payments back, all or none, each once. Raises PaymentReversed where one was before; then the transaction is to end.

    What a statement has as paid is a difference from now on, as reverse_payment() tells it.
    """

    def reversal(payment: PaymentRow) -> ReversalRow:
        return ReversalRow(payment.member_id, payment.payment_id, partner_id, reason, at, at)

    def write(turn: Sequence[PaymentRow]) -> None:
        try:
            payments.reverse_all(connection, [reversal(payment) for payment in turn])
        except PaymentReversedBefore:
            raise PaymentReversed from None

    events = _turn_by_turn(
        connection,
        standing,
        decide=lambda known, payment: as_reversed(known, payment, reversal(payment), rules=rules),
        write=write,
    )
    for payment in standing:
        tell_late_reversal(connection, payment, at)
    return events


def _turn_by_turn(
    connection: Connection,
    rows: Sequence[PaymentRow],
    *,
    decide: Callable[[MemberLedger, PaymentRow], Credited],
    write: Callable[[Sequence[PaymentRow]], None],
) -> list[AuditEvent]:
    whose = _locked(connection, sorted({row.member_id for row in rows}))
    events: dict[str, AuditEvent] = {}
    for turn in _turns(rows):
        own = {row.member_id: whose[row.member_id] for row in turn}
        ledgers = read_ledgers(connection, own)
        decided = [decide(ledgers[row.member_id], row) for row in turn]
        write(turn)
        ledger_change.write_all(connection, [each.change for each in decided])
        events |= {each.payment.payment_id: each.event for each in decided}
    return [events[row.payment_id] for row in rows]


def _locked(connection: Connection, member_ids: Sequence[str]) -> Mapping[str, Member]:
    found: dict[str, Member] = {}
    for part in _parts(member_ids):
        found.update(members.lock_all(connection, part))
    return found


def _turns(rows: Sequence[PaymentRow]) -> Iterator[Sequence[PaymentRow]]:
    """Parts of the list with each member once at most, and a member's payments in the order given."""
    rest = sorted(rows, key=lambda row: row.member_id)
    while rest:
        first = {row.member_id: row for row in reversed(rest)}
        turn = sorted(first.values(), key=lambda row: row.member_id)
        yield from _parts(turn)
        taken = {row.payment_id for row in turn}
        rest = [row for row in rest if row.payment_id not in taken]


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + TOGETHER] for start in range(0, len(items), TOGETHER))
