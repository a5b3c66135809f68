# SPDX-License-Identifier: Apache-2.0
"""The column types that mean the same on SQLite and PostgreSQL, and the metadata that all tables share."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar, cast

from sqlalchemy import BigInteger, CheckConstraint, Column, Dialect, LargeBinary, MetaData, String, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from cardservice.coverage.programme import Programme
from cardservice.records.canonical_json import Json, canonical_json
from cardservice.records.errors import TimeNotUtc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 16 random bytes as 32 hexadecimal digits (docs/decisions/0050): they read the same in both databases, in logs and in addresses.
Identifier = String(32)
LONGEST_NAME = 24  # of an enumeration that is kept as text


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970, UTC. Raises TimeNotUtc without a time zone."""
    if at.tzinfo is None:
        raise TimeNotUtc
    return (at - EPOCH) // MICROSECOND


def moment(since_epoch: int) -> datetime:
    """The inverse of microseconds()."""
    return EPOCH + since_epoch * MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC: timestamptz on PostgreSQL, microseconds since 1970 on SQLite, which has no such type."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[object]:
        """Each database's own form."""
        if dialect.name == "postgresql":
            return cast("TypeEngine[object]", dialect.type_descriptor(TIMESTAMP(timezone=True)))
        return cast("TypeEngine[object]", dialect.type_descriptor(BigInteger()))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Refuse a naive moment before it reaches a database that would guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TimeNotUtc
        return value if dialect.name == "postgresql" else microseconds(value)

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface's
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else moment(cast("int", value))


Named = TypeVar("Named", bound=StrEnum)


class Choice(TypeDecorator[Named], Generic[Named]):
    """One name of an enumeration, kept as its text. The CHECK of one_of() belongs beside it."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[Named]) -> None:
        self.kind = kind
        super().__init__(LONGEST_NAME)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface's
        """Another room's enumeration with the same names serves as well; the CHECK decides."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Named | None:  # noqa: ARG002 - the interface's
        """The member of the enumeration."""
        return None if value is None else self.kind(value)


class ProgrammeSet(TypeDecorator[frozenset[Programme]]):
    """The programmes joined, written like ``JKK+JKM+JHT`` in the order of their numbers."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: Iterable[Programme] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface's
        """One text for one set."""
        return None if value is None else programmes_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[Programme] | None:  # noqa: ARG002 - the interface's
        """The set."""
        return None if value is None else programmes_of(value)


def programmes_text(programmes: Iterable[Programme]) -> str:
    """``JKK+JKM`` for the set of both."""
    return "+".join(programme.value for programme in sorted(programmes, key=lambda programme: programme.number))


def programmes_of(text: str) -> frozenset[Programme]:
    """The inverse of programmes_text()."""
    return frozenset(Programme(name) for name in text.split("+") if name)


class CanonicalText(TypeDecorator[Json]):
    """A JSON value kept as its canonical text, so that a hash over it can be made again from what is stored."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str:  # noqa: ARG002 - the interface's
        """One text for one value."""
        return canonical_json(value).decode()

    def process_result_value(self, value: object, dialect: Dialect) -> Json:  # noqa: ARG002 - the interface's
        """The value again."""
        return cast("Json", json.loads(cast("str", value)))


def one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    """A CHECK that ``column`` holds one of the names in an enumeration."""
    # Sorted, since the order of a set changes from run to run and the schema must not.
    names = ", ".join(f"'{value.value}'" for value in sorted(values))
    return CheckConstraint(f"{column} IN ({names})", name=f"{column}_known")


def month_in(column: str) -> CheckConstraint:
    """A CHECK that ``column`` is a calendar month written YYYYMM, or null."""
    return CheckConstraint(
        f"{column} BETWEEN 190001 AND 999912 AND {column} % 100 BETWEEN 1 AND 12", name=f"{column}_month"
    )


def identifier(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    """A column for a random 128-bit identifier."""
    return Column(name, Identifier, primary_key=primary_key, nullable=nullable)


def octets(name: str, length: int, *, nullable: bool = False, unique: bool = False) -> Column[bytes]:
    """A column for exactly ``length`` bytes; its CHECK is octets_in()."""
    return Column(name, LargeBinary(length), nullable=nullable, unique=unique or None)


def octets_in(column: str, length: int) -> CheckConstraint:
    """A CHECK that ``column`` holds ``length`` bytes, or null. Both databases have ``length`` for it."""
    return CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")
