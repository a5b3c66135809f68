# SPDX-License-Identifier: Apache-2.0
"""Members: who is enrolled. NIK, name and birth date only sealed; keyed fingerprints find and compare them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    select,
    update,
)

from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Payer, WorkSector
from cardservice.records.columns import (
    Choice,
    ProgrammeSet,
    UtcTime,
    identifier,
    metadata,
    octets,
    octets_in,
    one_of,
)
from cardservice.records.constraints import refusing
from cardservice.records.copy_rows import copy_rows
from cardservice.records.errors import MemberExists, RecordNotFound
from cardservice.records.member_terms import TermsFrom, TermsList

FINGERPRINT_LENGTH = 16  # of a blind index
MAX_EXTERNAL_REF = 64

members = Table(
    "members",
    metadata,
    identifier("member_id", primary_key=True),
    Column("external_ref", String(MAX_EXTERNAL_REF), nullable=False, unique=True),
    Column("nik_sealed", LargeBinary, nullable=False),
    octets("nik_index", FINGERPRINT_LENGTH, unique=True),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("birth_date_sealed", LargeBinary, nullable=False),
    octets("details_index", FINGERPRINT_LENGTH),
    Column("work_sector", Choice(WorkSector), nullable=False),
    Column("payer", Choice(Payer), nullable=False),
    Column("income_band", Integer, nullable=False),
    Column("programmes", ProgrammeSet, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("terms", TermsList, nullable=False, server_default="[]"),
    octets_in("nik_index", FINGERPRINT_LENGTH),
    octets_in("details_index", FINGERPRINT_LENGTH),
    one_of("work_sector", WorkSector),
    one_of("payer", Payer),
    CheckConstraint("income_band > 0", name="income_band_positive"),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One row. ``details_index`` is the keyed fingerprint of name and birth date, to see a change without opening either.

    ``income_band`` is named by its undiscounted monthly JKK contribution in whole rupiah (decision 0053). ``terms`` are all that ever held, the
    present ones last; none where they never changed.
    """

    member_id: str
    external_ref: str
    nik_sealed: bytes = field(repr=False)
    nik_index: bytes = field(repr=False)
    name_sealed: bytes = field(repr=False)
    birth_date_sealed: bytes = field(repr=False)
    details_index: bytes = field(repr=False)
    work_sector: WorkSector
    payer: Payer
    income_band: int
    programmes: frozenset[Programme]
    created_at: datetime
    terms: tuple[TermsFrom, ...] = ()


# Built once: building a statement costs more than running it. SQLite has one writer at a time and needs no lock of a row.
_LOCK = select(members).where(members.c.member_id == bindparam("member")).with_for_update()
_COLUMNS = tuple(each.name for each in fields(Member))
_values = attrgetter(*_COLUMNS)


def add(connection: Connection, member: Member) -> None:
    """Insert a member. Raises MemberExists with the field that is taken."""
    taken = {
        "uq_members_external_ref": MemberExists(field="external_ref"),
        "uq_members_nik_index": MemberExists(field="nik"),
        "pk_members": MemberExists(field="member_id"),
    }
    with refusing(connection, taken):
        connection.execute(members.insert().values(dict(zip(_COLUMNS, _values(member), strict=True))))


def add_all(connection: Connection, newcomers: Sequence[Member]) -> None:
    """Insert many, all or none. Raises ConstraintRefused if any of them is there already; the transaction goes on."""
    with connection.begin_nested():
        copy_rows(connection, members, _COLUMNS, [_values(each) for each in newcomers])


def replace_details(connection: Connection, member: Member) -> None:
    """Overwrite what may change about a member: everything but the identifiers, the NIK and the day of enrolment. Raises RecordNotFound."""
    fixed = {"member_id", "external_ref", "nik_sealed", "nik_index", "created_at"}
    changed = {name: value for name, value in zip(_COLUMNS, _values(member), strict=True) if name not in fixed}
    done = connection.execute(update(members).where(members.c.member_id == member.member_id).values(changed))
    if done.rowcount != 1:
        raise RecordNotFound(record="member")


def get(connection: Connection, member_id: str) -> Member:
    """One member. Raises RecordNotFound."""
    row = connection.execute(select(members).where(members.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="member")
    return Member(**row)


def get_all(connection: Connection, member_ids: Sequence[str]) -> tuple[Member, ...]:
    """Those of these members that exist, in no order. Ask for some hundreds at a time."""
    rows = connection.execute(select(members).where(members.c.member_id.in_(member_ids))).mappings()
    return tuple(Member(**row) for row in rows)


def lock(connection: Connection, member_id: str) -> Member:
    """One member, whom no other transaction locks until this one ends: what was paid is counted by one at a time. Raises RecordNotFound."""
    row = connection.execute(_LOCK, {"member": member_id}).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="member")
    return Member(**row)


def lock_all(connection: Connection, member_ids: Collection[str]) -> Mapping[str, Member]:
    """As lock(), of some hundreds at a time, in the order of their identifiers. Raises RecordNotFound where one is not there."""
    query = select(members).where(members.c.member_id.in_(member_ids)).order_by(members.c.member_id).with_for_update()
    found = {row["member_id"]: Member(**row) for row in connection.execute(query).mappings()}
    if len(found) != len(set(member_ids)):
        raise RecordNotFound(record="member")
    return found


def find_by_ref(connection: Connection, external_ref: str) -> Member | None:
    """The member with this external reference, such as P-0001."""
    row = connection.execute(select(members).where(members.c.external_ref == external_ref)).mappings().one_or_none()
    return None if row is None else Member(**row)


def find_by_refs(connection: Connection, external_refs: Sequence[str]) -> Mapping[str, Member]:
    """Those of the members that exist, by external reference. Ask for some hundreds at a time."""
    rows = connection.execute(select(members).where(members.c.external_ref.in_(external_refs))).mappings()
    return {row["external_ref"]: Member(**row) for row in rows}


def held_by_nik_index(connection: Connection, indexes: Sequence[bytes]) -> Mapping[bytes, tuple[str, str]]:
    """(member_id, external reference) of whom holds each of these NIK fingerprints, where somebody does."""
    query = select(members.c.nik_index, members.c.member_id, members.c.external_ref)
    found = connection.execute(query.where(members.c.nik_index.in_(indexes)))
    return {row.nik_index: (row.member_id, row.external_ref) for row in found}


def find_by_nik_index(connection: Connection, nik_index: bytes) -> Member | None:
    """The member with this NIK fingerprint."""
    row = connection.execute(select(members).where(members.c.nik_index == nik_index)).mappings().one_or_none()
    return None if row is None else Member(**row)
