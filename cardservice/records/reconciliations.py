# SPDX-License-Identifier: Apache-2.0
"""End-of-day statements that were taken in, and each difference they showed, open until a person resolves it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    select,
    update,
)

from cardservice.records.banks import banks
from cardservice.records.columns import Choice, UtcTime, identifier, metadata, octets, octets_in, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import RecordNotFound, StateConflict, StatementTaken
from cardservice.records.partner_names import MAX_PARTNER
from cardservice.records.payments import MAX_REFERENCE
from cardservice.records.ppob_partners import ppob_partners

MAX_PERSON = 64
MAX_NOTE = 200


class Difference(StrEnum):
    """How a statement and our payments may differ."""

    MISSING_AT_US = "MISSING_AT_US"
    MISSING_AT_PARTNER = "MISSING_AT_PARTNER"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    TWICE = "TWICE"
    REVERSED = "REVERSED"


statements = Table(
    "statements",
    metadata,
    Column("partner_id", String(MAX_PARTNER), primary_key=True),
    Column("day", Date, primary_key=True),
    octets("sha256", 32),
    Column("lines", Integer, nullable=False),
    Column("rupiah", BigInteger, nullable=False),
    Column("taken_in_at", UtcTime, nullable=False),
    octets_in("sha256", 32),
)

statement_differences = Table(
    "statement_differences",
    metadata,
    Column("partner_id", String(MAX_PARTNER), primary_key=True),
    identifier("difference_id", primary_key=True),
    Column("day", Date, nullable=False),
    Column("kind", Choice(Difference), nullable=False),
    Column("reference", String(MAX_REFERENCE), nullable=False),
    Column("theirs", BigInteger, nullable=True),
    Column("ours", BigInteger, nullable=True),
    Column("found_at", UtcTime, nullable=False),
    Column("resolved_at", UtcTime, nullable=True),
    Column("resolved_by", String(MAX_PERSON), nullable=True),
    Column("note", String(MAX_NOTE), nullable=True),
    ForeignKeyConstraint(
        ["partner_id", "day"], ["statements.partner_id", "statements.day"], name="fk_statement_differences_statement"
    ),
    one_of("kind", Difference),
    CheckConstraint(
        "(resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (note IS NULL)",
        name="resolved_by_somebody",
    ),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One file of one partner for one day, known by the SHA-256 of its octets. ``rupiah`` is its sum."""

    partner_id: str
    day: date
    sha256: bytes
    lines: int
    rupiah: int
    taken_in_at: datetime


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One difference; amounts in whole rupiah, None where there is no payment on that side."""

    partner_id: str
    difference_id: str
    day: date
    kind: Difference
    reference: str
    theirs: int | None
    ours: int | None
    found_at: datetime
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    note: str | None = None


def hold(connection: Connection, partner_id: str) -> None:
    """Until the end of the transaction, keep a partner's statements and reversals from passing each other unseen. Payments go on."""
    for table in (banks, ppob_partners):
        query = select(table.c.partner_id).where(table.c.partner_id == partner_id).with_for_update(key_share=True)
        connection.execute(query).all()


def take_in(connection: Connection, statement: Statement, differences: Sequence[DifferenceRow]) -> None:
    """Keep a statement with all its differences. Raises StatementTaken where the partner and day have one."""
    with refusing(connection, {"pk_statements": StatementTaken(day=statement.day.isoformat())}):
        connection.execute(statements.insert().values(asdict(statement)))
    if differences:
        connection.execute(statement_differences.insert(), [asdict(each) for each in differences])


def find(connection: Connection, partner_id: str, day: date) -> Statement | None:
    """The statement of a partner and day."""
    query = select(statements).where(statements.c.partner_id == partner_id, statements.c.day == day)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Statement(**row)


def differences_of(connection: Connection, partner_id: str, day: date) -> tuple[DifferenceRow, ...]:
    """Every difference of one statement, resolved ones too."""
    table = statement_differences
    query = select(table).where(table.c.partner_id == partner_id, table.c.day == day)
    query = query.order_by(table.c.reference, table.c.kind, table.c.difference_id)
    return tuple(DifferenceRow(**row) for row in connection.execute(query).mappings())


def differences_in(connection: Connection, partner_id: str, reference: str) -> tuple[DifferenceRow, ...]:
    """Every difference that a partner's statements showed in one payment, resolved ones too."""
    table = statement_differences
    query = select(table).where(table.c.partner_id == partner_id, table.c.reference == reference)
    return tuple(DifferenceRow(**row) for row in connection.execute(query).mappings())


def add(connection: Connection, difference: DifferenceRow) -> None:
    """Open a difference in a statement that was taken in before."""
    connection.execute(statement_differences.insert().values(asdict(difference)))


def open_differences(connection: Connection) -> tuple[DifferenceRow, ...]:
    """Every difference that nobody resolved, oldest day first."""
    table = statement_differences
    query = select(table).where(table.c.resolved_at.is_(None))
    query = query.order_by(table.c.day, table.c.partner_id, table.c.reference, table.c.difference_id)
    return tuple(DifferenceRow(**row) for row in connection.execute(query).mappings())


def resolve(connection: Connection, difference_id: str, *, by: str, note: str, at: datetime) -> DifferenceRow:
    """Close a difference. Raises RecordNotFound, StateConflict where it was closed before."""
    table = statement_differences
    changed = update(table).where(table.c.difference_id == difference_id, table.c.resolved_at.is_(None))
    done = connection.execute(changed.values(resolved_at=at, resolved_by=by, note=note)).rowcount
    row = connection.execute(select(table).where(table.c.difference_id == difference_id)).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="statement-difference")
    if done != 1:
        raise StateConflict(record="statement-difference", expected="open", found="resolved")
    return DifferenceRow(**row)
