# SPDX-License-Identifier: Apache-2.0
"""Payments and their reversals: money that came in for a member. Append-only; what it bought is in payment_allocations.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    select,
)

from cardservice.coverage.standing import Payer
from cardservice.records.canonical_json import Json
from cardservice.records.columns import CanonicalText, Choice, Identifier, UtcTime, metadata, one_of
from cardservice.records.constraints import refusing, refusing_for_good
from cardservice.records.errors import PaymentExists, PaymentReversedBefore, RecordNotFound
from cardservice.records.insert import INSERT
from cardservice.records.many_rows import insert_missing
from cardservice.records.partner_names import MAX_PARTNER

MAX_REFERENCE = 128
MAX_REASON = 64
MOST_RUPIAH = 10**14
LEARNED_WITHIN = timedelta(days=1)
_AT_ONCE = 1_000  # references in one question


class Channel(StrEnum):
    """The ways that money comes in by."""

    VIRTUAL_ACCOUNT = "VIRTUAL_ACCOUNT"
    PPOB = "PPOB"
    GROUP = "GROUP"
    AGENT = "AGENT"


payments = Table(
    "payments",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("payment_id", Identifier, primary_key=True, unique=True),
    Column("partner_id", String(MAX_PARTNER), nullable=False),
    Column("reference", String(MAX_REFERENCE), nullable=False),
    Column("channel", Choice(Channel), nullable=False),
    Column("payer", Choice(Payer), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("months", CanonicalText, nullable=False),
    UniqueConstraint("partner_id", "reference"),
    one_of("channel", Channel),
    one_of("payer", Payer),
    CheckConstraint(f"amount BETWEEN 1 AND {MOST_RUPIAH}", name="amount_range"),
)
Index("ix_payments_partner_id_recorded_at", payments.c.partner_id, payments.c.recorded_at)

payment_reversals = Table(
    "payment_reversals",
    metadata,
    Column("member_id", Identifier, primary_key=True),
    Column("payment_id", Identifier, primary_key=True),
    Column("partner_id", String(MAX_PARTNER), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("reversed_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["member_id", "payment_id"], ["payments.member_id", "payments.payment_id"], name="fk_payment_reversals_payment"
    ),
)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment. ``amount`` in whole rupiah; ``months`` YYYYMM by programme where the payer named them, else empty.

    ``received_at`` is when the payer's money was taken, ``recorded_at`` when we came to know of it.
    """

    member_id: str
    payment_id: str
    partner_id: str
    reference: str
    channel: Channel
    payer: Payer
    amount: int
    received_at: datetime
    recorded_at: datetime
    months: Json = None


@dataclass(frozen=True, slots=True)
class ReversalRow:
    """One payment undone, once."""

    member_id: str
    payment_id: str
    partner_id: str
    reason: str
    reversed_at: datetime
    recorded_at: datetime


# A reference that is taken gives no row back and leaves the transaction as it was, so that none of these needs a savepoint.
_REFERENCE = ["partner_id", "reference"]
_ADD = {
    dialect: insert(payments).on_conflict_do_nothing(index_elements=_REFERENCE).returning(payments.c.payment_id)
    for dialect, insert in INSERT.items()
}
_WITH_REVERSALS = (
    select(payments, payment_reversals.c.recorded_at.label("reversal_known_at"))
    .select_from(payments.outerjoin(payment_reversals))
    .order_by(payments.c.received_at, payments.c.payment_id)
)
_OF_MEMBER = _WITH_REVERSALS.where(payments.c.member_id == bindparam("member"))
_OF_MEMBERS = _WITH_REVERSALS.where(payments.c.member_id.in_(bindparam("members", expanding=True)))
_BY_REFERENCE = select(payments).where(
    payments.c.partner_id == bindparam("partner"), payments.c.reference == bindparam("asked")
)
_REVERSAL = select(payment_reversals).where(
    payment_reversals.c.member_id == bindparam("member"), payment_reversals.c.payment_id == bindparam("payment")
)
_PAYMENT, _REVERSED = (tuple(each.name for each in fields(kind)) for kind in (PaymentRow, ReversalRow))
_payment, _reversal = attrgetter(*_PAYMENT), attrgetter(*_REVERSED)
_AND_WHETHER_REVERSED = select(payments, payment_reversals.c.payment_id.is_not(None).label("is_reversed")).select_from(
    payments.outerjoin(payment_reversals)
)


def add(connection: Connection, payment: PaymentRow) -> None:
    """Insert a payment. Raises PaymentExists where the partner used the reference before; the transaction goes on.

    Raises ConstraintRefused for a member that is not there, which ends it.
    """
    with refusing_for_good({}):
        if connection.execute(_ADD[connection.dialect.name], asdict(payment)).first() is None:
            raise PaymentExists(reference=payment.reference)


def add_all(connection: Connection, fresh: Sequence[PaymentRow]) -> None:
    """Insert payments of different references, all or none. Raises as add() does; where it raises, the transaction is to end."""
    with refusing_for_good({}):
        added = set(insert_missing(connection, payments, _PAYMENT, [_payment(each) for each in fresh], "payment_id"))
    for each in fresh:
        if each.payment_id not in added:
            raise PaymentExists(reference=each.reference)


def find(connection: Connection, partner_id: str, reference: str) -> PaymentRow | None:
    """The payment that a partner made under a reference."""
    row = connection.execute(_BY_REFERENCE, {"partner": partner_id, "asked": reference}).mappings().one_or_none()
    return None if row is None else PaymentRow(**row)


def get(connection: Connection, member_id: str, payment_id: str) -> PaymentRow:
    """A member's payment. Raises RecordNotFound."""
    table = payments.c
    query = select(payments).where(table.member_id == member_id, table.payment_id == payment_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="payment")
    return PaymentRow(**row)


def of_member(connection: Connection, member_id: str) -> tuple[tuple[PaymentRow, datetime | None], ...]:
    """Every payment for a member, oldest first; beside each when we came to know of its reversal, None where it stands."""
    rows = connection.execute(_OF_MEMBER, {"member": member_id}).mappings()
    return tuple(_with_reversal(row) for row in rows)


def of_members(
    connection: Connection, member_ids: Collection[str]
) -> Mapping[str, tuple[tuple[PaymentRow, datetime | None], ...]]:
    """As of_member(), of some hundreds at a time."""
    found: dict[str, list[tuple[PaymentRow, datetime | None]]] = {each: [] for each in member_ids}
    for row in connection.execute(_OF_MEMBERS, {"members": list(member_ids)}).mappings():
        found[row["member_id"]].append(_with_reversal(row))
    return {member_id: tuple(own) for member_id, own in found.items()}


def _with_reversal(row: Mapping[Any, Any]) -> tuple[PaymentRow, datetime | None]:
    fields = dict(row)
    known_at = fields.pop("reversal_known_at")
    return PaymentRow(**fields), known_at


def reverse(connection: Connection, reversal: ReversalRow) -> None:
    """Undo a payment. Raises PaymentReversedBefore the second time."""
    taken = {"pk_payment_reversals": PaymentReversedBefore(payment_id=reversal.payment_id)}
    with refusing(connection, taken):
        connection.execute(payment_reversals.insert().values(asdict(reversal)))


def reverse_all(connection: Connection, reversals: Sequence[ReversalRow]) -> None:
    """Undo payments, all or none. Raises PaymentReversedBefore where one was undone before; where it raises, the transaction is to end."""
    with refusing_for_good({}):
        rows = [_reversal(each) for each in reversals]
        undone = set(insert_missing(connection, payment_reversals, _REVERSED, rows, "payment_id"))
    for each in reversals:
        if each.payment_id not in undone:
            raise PaymentReversedBefore(payment_id=each.payment_id)


def reversal_of(connection: Connection, payment: PaymentRow) -> ReversalRow | None:
    """How a payment was undone; None where it stands."""
    asked = {"member": payment.member_id, "payment": payment.payment_id}
    row = connection.execute(_REVERSAL, asked).mappings().one_or_none()
    return None if row is None else ReversalRow(**row)


def of_references(
    connection: Connection, partner_id: str, references: Sequence[str]
) -> Sequence[tuple[PaymentRow, bool]]:
    """Those of a partner's references that are payments, and whether each was reversed. A thousand to a trip: a statement may name a million."""
    found = []
    for first in range(0, len(references), _AT_ONCE):
        query = _AND_WHETHER_REVERSED.where(
            payments.c.partner_id == partner_id, payments.c.reference.in_(references[first : first + _AT_ONCE])
        )
        found += [_and_whether_reversed(row) for row in connection.execute(query).mappings()]
    return found


def of_partner(
    connection: Connection, partner_id: str, since: datetime, until: datetime
) -> Sequence[tuple[PaymentRow, bool]]:
    """A partner's payments whose money was taken from one moment up to another, and whether each was reversed."""
    query = _AND_WHETHER_REVERSED.where(
        payments.c.partner_id == partner_id,
        payments.c.received_at >= since,
        payments.c.received_at < until,
        # For the index: we learn of money when it is taken, or within a day (decision 0153).
        payments.c.recorded_at >= since,
        payments.c.recorded_at <= until + LEARNED_WITHIN,
    ).order_by(payments.c.received_at, payments.c.payment_id)
    return [_and_whether_reversed(row) for row in connection.execute(query).mappings()]


def _and_whether_reversed(row: Mapping[Any, Any]) -> tuple[PaymentRow, bool]:
    fields = dict(row)
    is_reversed = bool(fields.pop("is_reversed"))
    return PaymentRow(**fields), is_reversed
