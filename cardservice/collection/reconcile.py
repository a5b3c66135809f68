# SPDX-License-Identifier: Apache-2.0
"""``reconcile``: a partner's statement of one day against the payments that we recorded that day. Zero differences are tolerated silently.

Each difference is a row that stays open until a person resolves it with a note; nothing is booked by itself. The same file again changes
nothing; another file for the same partner and day is refused.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cardservice.audit.record import record
from cardservice.collection.errors import StatementConflict
from cardservice.collection.statement import LineStatus, PartnerStatement, StatementLine
from cardservice.coverage.civil_time import day_begins
from cardservice.records import payments, reconciliations
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import StatementTaken
from cardservice.records.payments import PaymentRow
from cardservice.records.reconciliations import Difference, DifferenceRow, Statement

# How far on the other side of midnight a payment may lie that a statement names. What is further away belongs into another day's statement: one that
# two statements name was paid to us once.
MIDNIGHT = timedelta(hours=1)

Found = tuple[Difference, str, int | None, int | None]  # kind, reference, their rupiah, ours


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A statement as it was taken in, with every difference it showed. ``again``: it was taken in before."""

    statement: Statement
    differences: tuple[DifferenceRow, ...]
    again: bool


def reconcile(
    database: Database,
    statement: PartnerStatement,
    *,
    partner_id: str,
    day: date,
    new_id: Callable[[], str],
    at: datetime,
) -> Reconciled:
    """Take a statement in. ``day`` is Jakarta's. Raises StatementConflict where another was taken in for the partner and day."""
    row = Statement(partner_id, day, statement.sha256, len(statement.lines), statement.rupiah, at)
    try:
        with database.begin() as connection:
            reconciliations.hold(connection, partner_id)
            known = reconciliations.find(connection, partner_id, day)
            if known is None:
                found = _compare(statement.lines, _ours(connection, partner_id, day, statement))
                differences = [DifferenceRow(partner_id, new_id(), day, *each, at) for each in found]
                reconciliations.take_in(connection, row, differences)
                detail: dict[str, Json] = {
                    "partner": partner_id,
                    "day": day.isoformat(),
                    "lines": row.lines,
                    "differences": len(differences),
                }
                record(connection, AuditEvent("statement.taken-in", at, detail))
    except StatementTaken:
        known = None  # somebody else took it in at this very moment
    with database.read() as connection:
        kept = reconciliations.find(connection, partner_id, day)
        differences_kept = reconciliations.differences_of(connection, partner_id, day)
    if kept is None or kept.sha256 != statement.sha256:
        raise StatementConflict(partner=partner_id, day=day.isoformat())
    return Reconciled(kept, differences_kept, again=known is not None)


def resolve(database: Database, difference_id: str, *, by: str, note: str, at: datetime) -> DifferenceRow:
    """A person settles a difference, and says how. Raises RecordNotFound, StateConflict where it was settled before."""
    with database.begin() as connection:
        resolved = reconciliations.resolve(connection, difference_id, by=by, note=note, at=at)
        detail = {"difference": difference_id, "kind": resolved.kind.value, "by": by}
        record(connection, AuditEvent("difference.resolved", at, dict(detail)))
        return resolved


def _ours(
    connection: Connection, partner_id: str, day: date, statement: PartnerStatement
) -> dict[str, tuple[PaymentRow, bool]]:
    """What was taken that day, and what the statement names of the hour before or after: the partner's clock may be on the other side of midnight.

    What it names of any other time is ours too, but not of this day.
    """
    begins = day_begins(day)
    ends = begins + timedelta(days=1)
    found = payments.of_partner(connection, partner_id, begins, ends)
    ours = {payment.reference: (payment, is_reversed) for payment, is_reversed in found}
    ours |= _told_late(connection, partner_id, day)
    unknown = sorted({line.reference for line in statement.lines} - ours.keys())
    for payment, is_reversed in payments.of_references(connection, partner_id, unknown):
        if begins - MIDNIGHT <= payment.received_at < ends + MIDNIGHT:
            ours[payment.reference] = payment, is_reversed
    return ours


def _told_late(connection: Connection, partner_id: str, day: date) -> dict[str, tuple[PaymentRow, bool]]:
    """What was taken on the day before and told to us when the statement of that day had been taken in, without naming it."""
    before = day - timedelta(days=1)
    earlier = reconciliations.find(connection, partner_id, before)
    if earlier is None:
        return {}
    named = {each.reference for each in reconciliations.differences_of(connection, partner_id, before)}
    begins = day_begins(before)
    return {
        payment.reference: (payment, is_reversed)
        for payment, is_reversed in payments.of_partner(connection, partner_id, begins, begins + timedelta(days=1))
        if payment.recorded_at > earlier.taken_in_at and payment.reference not in named
    }


def _compare(lines: Sequence[StatementLine], ours: dict[str, tuple[PaymentRow, bool]]) -> Iterator[Found]:
    theirs: dict[str, list[StatementLine]] = defaultdict(list)
    for line in lines:
        theirs[line.reference].append(line)
    for reference in sorted(theirs.keys() | ours.keys()):
        yield from _one(reference, theirs.get(reference, []), ours.get(reference))


def _one(reference: str, lines: list[StatementLine], our: tuple[PaymentRow, bool] | None) -> Iterator[Found]:
    """Every way in which one reference differs; a reference may differ in several."""
    payment, is_reversed = our or (None, False)
    amount = None if payment is None else payment.amount
    if len(lines) > 1:
        yield Difference.TWICE, reference, sum(line.amount for line in lines), amount
    if not lines:
        if not is_reversed:  # what both sides gave up may be told or not
            yield Difference.MISSING_AT_PARTNER, reference, None, amount
        return
    line = lines[0]
    if payment is None:
        if line.status is LineStatus.PAID:
            yield Difference.MISSING_AT_US, reference, line.amount, None
        return
    if (line.status is LineStatus.REVERSED) != is_reversed:
        yield Difference.REVERSED, reference, line.amount, amount
    if line.amount != payment.amount:
        yield Difference.AMOUNT_DIFFERS, reference, line.amount, amount
