# SPDX-License-Identifier: Apache-2.0
"""The column types that mean the same on SQLite and PostgreSQL, and the metadata that all tables share."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import cast

from sqlalchemy import BigInteger, CheckConstraint, Column, Dialect, MetaData, String, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

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
    names = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({names})", name=f"{column}_known")


def month_in(column: str) -> CheckConstraint:
    """A CHECK that ``column`` is a calendar month written YYYYMM, or null."""
    return CheckConstraint(f"{column} BETWEEN 190001 AND 999912 AND {column} % 100 BETWEEN 1 AND 12", name=f"{column}_month")


def identifier(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    """A column for a random 128-bit identifier."""
    return Column(name, Identifier, primary_key=primary_key, nullable=nullable)
