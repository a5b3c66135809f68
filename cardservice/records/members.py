# SPDX-License-Identifier: Apache-2.0
"""Members: who they are, sealed; what decides the price of their months; which programmes they joined."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
    update,
)

from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import ContributionBasis, Payer, WorkSector
from cardservice.records.columns import UtcTime, identifier, metadata, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import MemberExists, RecordNotFound

members = Table(
    "members",
    metadata,
    identifier("member_id", primary_key=True),
    Column("external_ref", String(64), nullable=False),
    Column("nik_sealed", LargeBinary, nullable=False),
    Column("nik_index", LargeBinary, nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("birth_date_sealed", LargeBinary, nullable=False),
    Column("work_sector", String(16), nullable=False),
    Column("payer", String(16), nullable=False),
    Column("income_band", Integer, nullable=False),
    Column("full_monthly_jkk", Integer),
    Column("full_monthly_jht", Integer),
    Column("programmes", String(32), nullable=False),
    Column("content_index", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("external_ref"),
    UniqueConstraint("nik_index"),
    one_of("work_sector", WorkSector),
    one_of("payer", Payer),
    CheckConstraint("length(nik_index) = 16", name="nik_index_length"),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One member. Personal values are sealed; ``nik_index`` (16 bytes) finds a NIK without telling it.

    ``content_index`` is a keyed fingerprint of the identity fields, which tells a changed row from an unchanged one without unsealing.
    """

    member_id: str
    external_ref: str
    nik_sealed: bytes = field(repr=False)
    nik_index: bytes = field(repr=False)
    name_sealed: bytes = field(repr=False)
    birth_date_sealed: bytes = field(repr=False)
    content_index: bytes = field(repr=False)
    work_sector: WorkSector
    payer: Payer
    income_band: int
    full_monthly_jkk: int | None
    full_monthly_jht: int | None
    programmes: frozenset[Programme]
    created_at: datetime
    updated_at: datetime

    @property
    def basis(self) -> ContributionBasis:
        """What decides the price of a month."""
        return contribution_basis(self.work_sector, self.payer, self.full_monthly_jkk, self.full_monthly_jht)


def add_member(connection: Connection, member: Member) -> None:
    """Insert a member. Raises MemberExists (field = external_ref or nik)."""
    with refusing(
        connection,
        {
            "uq_members_external_ref": MemberExists(field="external_ref"),
            "uq_members_nik_index": MemberExists(field="nik"),
            "pk_members": MemberExists(field="member_id"),
        },
    ):
        connection.execute(insert(members).values(**_values(member)))


def change_member(connection: Connection, member: Member) -> None:
    """Write every field of a known member. Raises MemberExists for a NIK of somebody else, RecordNotFound."""
    with refusing(connection, {"uq_members_nik_index": MemberExists(field="nik")}):
        values = _values(member)
        del values["member_id"], values["created_at"]
        changed = connection.execute(update(members).where(members.c.member_id == member.member_id).values(**values))
    if changed.rowcount != 1:
        raise RecordNotFound(record="member")


def get_member(connection: Connection, member_id: str) -> Member:
    """The member. Raises RecordNotFound."""
    row = connection.execute(select(members).where(members.c.member_id == member_id)).one_or_none()
    if row is None:
        raise RecordNotFound(record="member")
    return _member(row)


def find_by_ref(connection: Connection, external_ref: str) -> Member | None:
    """The member with this reference of the list they came from."""
    row = connection.execute(select(members).where(members.c.external_ref == external_ref)).one_or_none()
    return None if row is None else _member(row)


def find_by_refs(connection: Connection, external_refs: Sequence[str]) -> dict[str, Member]:
    """Members by reference, those that exist; at most a few hundred references at once."""
    rows = connection.execute(select(members).where(members.c.external_ref.in_(external_refs)))
    return {row.external_ref: _member(row) for row in rows}


def find_by_nik_index(connection: Connection, nik_index: bytes) -> Member | None:
    """The member with this NIK, found by its blind index."""
    row = connection.execute(select(members).where(members.c.nik_index == nik_index)).one_or_none()
    return None if row is None else _member(row)


def contribution_basis(sector: WorkSector, payer: Payer, jkk: int | None, jht: int | None) -> ContributionBasis:
    """The columns of a tariff as coverage wants them; a contribution that is null is the lowest band's."""
    known = {Programme.JKK: jkk, Programme.JHT: jht}
    return ContributionBasis(sector, payer, {programme: rupiah for programme, rupiah in known.items() if rupiah is not None})


def joined_text(programmes: frozenset[Programme]) -> str:
    """``JHT+JKK+JKM``: programmes as one sorted text."""
    return "+".join(sorted(programmes))


def joined(text: str) -> frozenset[Programme]:
    """The inverse of joined_text()."""
    return frozenset(Programme(name) for name in text.split("+") if name)


def _values(member: Member) -> dict[str, object]:
    values = {name: getattr(member, name) for name in members.c.keys()}  # noqa: SIM118 - a column collection iterates columns
    return values | {"programmes": joined_text(member.programmes)}


def _member(row: Row[tuple[object, ...]]) -> Member:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["programmes"] = joined(values["programmes"])
    values["work_sector"], values["payer"] = WorkSector(values["work_sector"]), Payer(values["payer"])
    return Member(**values)
