# SPDX-License-Identifier: Apache-2.0
"""Payment numbers: what a member types at an ATM. Random, so that they tell nothing; the name beside one is masked already."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, bindparam, select, update

from cardservice.records.columns import Identifier, UtcTime, metadata
from cardservice.records.constraints import refusing
from cardservice.records.errors import PaymentNumberTaken
from cardservice.records.members import Member, members

NUMBER_LENGTH = 16
MAX_SHOWN_NAME = 30

payment_numbers = Table(
    "payment_numbers",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("number", String(NUMBER_LENGTH), primary_key=True, unique=True),
    Column("shown_name", String(MAX_SHOWN_NAME), nullable=False),
    Column("assigned_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=True),
)
Index(
    "ux_payment_numbers_open",
    payment_numbers.c.member_id,
    unique=True,
    sqlite_where=payment_numbers.c.expires_at.is_(None),
    postgresql_where=payment_numbers.c.expires_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class PaymentNumber:
    """One number. A member has one without an end at most; those with an end stay, so that a late payer is told why."""

    member_id: str
    number: str
    shown_name: str
    assigned_at: datetime
    expires_at: datetime | None = None


_BY_NUMBER = select(payment_numbers).where(payment_numbers.c.number == bindparam("asked"))
_MEMBER = (
    select(payment_numbers.c.shown_name, payment_numbers.c.expires_at, members)
    .join(members, members.c.member_id == payment_numbers.c.member_id)
    .where(payment_numbers.c.number == bindparam("asked"))
)
_LOCK = _MEMBER.with_for_update(of=members)
_OF_MEMBER = (
    select(payment_numbers)
    .where(payment_numbers.c.member_id == bindparam("member"))
    .order_by(payment_numbers.c.expires_at.is_(None).desc(), payment_numbers.c.assigned_at.desc())
    .limit(1)
)


def add(connection: Connection, number: PaymentNumber) -> None:
    """Insert a number. Raises PaymentNumberTaken (field = number, or member, who has an open one)."""
    taken = {
        "uq_payment_numbers_number": PaymentNumberTaken(field="number"),
        "pk_payment_numbers": PaymentNumberTaken(field="number"),
        "ux_payment_numbers_open": PaymentNumberTaken(field="member"),
    }
    with refusing(connection, taken):
        connection.execute(payment_numbers.insert().values(asdict(number)))


def find(connection: Connection, number: str) -> PaymentNumber | None:
    """What is known of a number, ended or not."""
    row = connection.execute(_BY_NUMBER, {"asked": number}).mappings().one_or_none()
    return None if row is None else PaymentNumber(**row)


def find_all(connection: Connection, numbers: Sequence[str]) -> Mapping[str, PaymentNumber]:
    """What is known of each of these numbers that is known. Ask for some hundreds at a time."""
    rows = connection.execute(select(payment_numbers).where(payment_numbers.c.number.in_(numbers))).mappings()
    return {row["number"]: PaymentNumber(**row) for row in rows}


def member_of(connection: Connection, number: str, *, lock: bool) -> tuple[Member, str, datetime | None] | None:
    """Whom a number belongs to, with the name to show and when the number ends. ``lock`` is that of members.lock()."""
    row = connection.execute(_LOCK if lock else _MEMBER, {"asked": number}).mappings().one_or_none()
    if row is None:
        return None
    fields = dict(row)
    name, expires_at = fields.pop("shown_name"), fields.pop("expires_at")
    return Member(**fields), name, expires_at


def of_member(connection: Connection, member_id: str) -> PaymentNumber | None:
    """A member's open number, or else the last one that ended."""
    row = connection.execute(_OF_MEMBER, {"member": member_id}).mappings().one_or_none()
    return None if row is None else PaymentNumber(**row)


def end(connection: Connection, member_id: str, at: datetime) -> bool:
    """Let the member's open number end; whether there was one."""
    table = payment_numbers
    query = update(table).where(table.c.member_id == member_id, table.c.expires_at.is_(None))
    return connection.execute(query.values(expires_at=at)).rowcount == 1


def members_without(connection: Connection, limit: int) -> Sequence[str]:
    """Members that have no open number, some of them, by identifier."""
    table = payment_numbers
    has = select(table.c.member_id).where(table.c.expires_at.is_(None))
    query = (
        select(members.c.member_id).where(members.c.member_id.not_in(has)).order_by(members.c.member_id).limit(limit)
    )
    return connection.execute(query).scalars().all()
