# SPDX-License-Identifier: Apache-2.0
"""Intermediaries: who enrols and collects on the scheme's behalf, in a tree under the scheme itself, each with its own scope.

``lineage`` lists the identifiers from the root down. Constraints tie it to the parent's, and each is longer than the one above: so a
cycle can't be written, not even by an UPDATE (docs/decisions/0141).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Dialect,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
    update,
)
from sqlalchemy.types import TypeDecorator

from cardservice.coverage.standing import WorkSector
from cardservice.records.columns import Choice, UtcTime, identifier, metadata, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import IntermediaryExists, PartnerNameTaken, RecordNotFound
from cardservice.records.partner_names import TAKEN

MAX_CODE = 32
MAX_NAME = 128
MAX_DEPTH = 6  # scheme, ministry or bank, region, branch, agency, agent
MAX_LINEAGE = MAX_DEPTH * 33 - 1
SCHEME_ID = "0" * 32  # the root, which migration 0002 plants: the scheme's own offices
SCHEME_CODE = "PUSAT"


class IntermediaryKind(StrEnum):
    """What an intermediary is (facts/contributions.md, 3.1)."""

    SCHEME = "SCHEME"
    LOCAL_GOVERNMENT = "LOCAL_GOVERNMENT"
    COOPERATIVE = "COOPERATIVE"
    BANK = "BANK"
    RETAIL_AGENT = "RETAIL_AGENT"
    FIELD_AGENT = "FIELD_AGENT"


class TextSet(TypeDecorator[frozenset[str]]):
    """A set of short codes as one text, sorted, with ``+`` between; ``*`` stands for the code of everywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface's
        """One text for one set."""
        return None if value is None else "+".join(sorted(str(each) or "*" for each in value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:  # noqa: ARG002 - the interface's
        """The set."""
        return None if value is None else frozenset("" if each == "*" else each for each in value.split("+") if each)


intermediaries = Table(
    "intermediaries",
    metadata,
    identifier("intermediary_id", primary_key=True),
    Column("code", String(MAX_CODE), nullable=False, unique=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("kind", Choice(IntermediaryKind), nullable=False),
    identifier("parent_id", nullable=True),
    Column("parent_lineage", String(MAX_LINEAGE), nullable=True),
    Column("lineage", String(MAX_LINEAGE), nullable=False),
    Column("may_enrol", Boolean, nullable=False),
    Column("may_collect", Boolean, nullable=False),
    Column("work_sectors", TextSet, nullable=False),
    Column("regions", TextSet, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=True),
    Column("created_at", UtcTime, nullable=False),
    Column("suspended_at", UtcTime, nullable=True),
    UniqueConstraint("intermediary_id", "lineage"),
    ForeignKeyConstraint(
        ["parent_id", "parent_lineage"],
        ["intermediaries.intermediary_id", "intermediaries.lineage"],
        name="fk_intermediaries_parent",
    ),
    one_of("kind", IntermediaryKind),
    CheckConstraint("(kind = 'SCHEME') = (parent_id IS NULL)", name="scheme_is_root"),
    CheckConstraint(
        "(parent_id IS NULL AND parent_lineage IS NULL AND lineage = intermediary_id) OR "
        "(parent_id IS NOT NULL AND parent_lineage IS NOT NULL AND lineage = parent_lineage || '/' || intermediary_id)",
        name="lineage_grows",
    ),
    CheckConstraint(f"length(lineage) <= {MAX_LINEAGE}", name="depth"),
    CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="valid_in_order"),
)
Index("ix_intermediaries_parent_id", intermediaries.c.parent_id)
Index(
    "ux_intermediaries_one_root",
    intermediaries.c.kind,
    unique=True,
    postgresql_where=intermediaries.c.kind == "SCHEME",
    sqlite_where=intermediaries.c.kind == "SCHEME",
)


@dataclass(frozen=True, slots=True)
class Intermediary:
    """One row. ``regions`` are prefixes of region codes (province 2, district 4, sub-district 6 digits; "" for everywhere).

    ``valid_until`` is the last valid day, civil days in Asia/Jakarta.
    """

    intermediary_id: str
    code: str
    name: str
    kind: IntermediaryKind
    parent_id: str | None
    parent_lineage: str | None
    lineage: str
    may_enrol: bool
    may_collect: bool
    work_sectors: frozenset[WorkSector]
    regions: frozenset[str]
    valid_from: date
    valid_until: date | None
    created_at: datetime
    suspended_at: datetime | None = None

    @property
    def is_scheme(self) -> bool:
        """Whether it is the root."""
        return self.parent_id is None


def add(connection: Connection, intermediary: Intermediary) -> None:
    """Insert one. Raises IntermediaryExists for a code that is taken, ConstraintRefused for a parent that is not there or lies too deep.

    Raises PartnerNameTaken where its identifier, under which its payments are kept, is the name of a bank or an aggregator.
    """
    taken = {
        "uq_intermediaries_code": IntermediaryExists(intermediary=intermediary.code),
        TAKEN: PartnerNameTaken(partner_id=intermediary.intermediary_id),
    }
    with refusing(connection, taken):
        connection.execute(intermediaries.insert().values(asdict(intermediary)))


def get_by_code(connection: Connection, code: str, *, for_update: bool = False) -> Intermediary:
    """The intermediary with this code. Raises RecordNotFound."""
    query = select(intermediaries).where(intermediaries.c.code == code)
    row = connection.execute(query.with_for_update() if for_update else query).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="intermediary")
    return _intermediary(dict(row))


def line_of(connection: Connection, code: str) -> tuple[Intermediary, ...]:
    """An intermediary and everyone above it, the root first. Raises RecordNotFound."""
    own = get_by_code(connection, code)
    query = select(intermediaries).where(intermediaries.c.intermediary_id.in_(own.lineage.split("/")))
    rows = [_intermediary(dict(row)) for row in connection.execute(query).mappings()]
    return tuple(sorted(rows, key=lambda each: len(each.lineage)))


def every(connection: Connection) -> tuple[Intermediary, ...]:
    """All of them, each after the one above it."""
    query = select(intermediaries).order_by(intermediaries.c.lineage)
    return tuple(_intermediary(dict(row)) for row in connection.execute(query).mappings())


def set_suspended(connection: Connection, intermediary_id: str, at: datetime | None) -> bool:
    """Suspend at a moment, or lift it with None. A second time changes nothing: returns whether anything changed."""
    own = intermediaries.c.suspended_at
    stands = own.is_(None) if at is not None else own.is_not(None)
    change = update(intermediaries).where(intermediaries.c.intermediary_id == intermediary_id, stands)
    return connection.execute(change.values(suspended_at=at)).rowcount == 1


def _intermediary(row: dict[str, object]) -> Intermediary:
    sectors = row.pop("work_sectors")
    assert isinstance(sectors, frozenset)
    return Intermediary(work_sectors=frozenset(map(WorkSector, sectors)), **row)  # type: ignore[arg-type]  # columns of the row
