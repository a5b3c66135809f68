# SPDX-License-Identifier: Apache-2.0
"""Verifiers: who may ask, known by the hash of a secret."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, Connection, Integer, String, Table, select, update

from cardservice.records.columns import Choice, UtcTime, identifier, metadata, octets, octets_in, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import RecordNotFound

MAX_NAME = 128


class VerifierKind(StrEnum):
    """What a verifier is (docs/card-edge.md, "Applications")."""

    HEALTH_FACILITY = "HEALTH_FACILITY"
    TRANSPORT = "TRANSPORT"
    MERCHANT = "MERCHANT"
    BANK = "BANK"
    TELCO = "TELCO"
    COUNTER = "COUNTER"


verifiers = Table(
    "verifiers",
    metadata,
    identifier("verifier_id", primary_key=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("kind", Choice(VerifierKind), nullable=False),
    Column("sector", Integer, nullable=False),
    octets("secret_sha256", 32, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime, nullable=True),
    one_of("kind", VerifierKind),
    octets_in("secret_sha256", 32),
    CheckConstraint("sector BETWEEN 1 AND 255", name="sector_range"),
)


@dataclass(frozen=True, slots=True)
class Verifier:
    """One verifier. Of its secret only SHA-256 is kept: the secret has 256 random bits, so there is nothing to guess."""

    verifier_id: str
    name: str
    kind: VerifierKind
    sector: int
    secret_sha256: bytes = field(repr=False)
    created_at: datetime
    revoked_at: datetime | None = None


def add(connection: Connection, verifier: Verifier) -> None:
    """Insert a verifier. Raises ConstraintRefused for an identifier or secret that is taken."""
    with refusing(connection, {}):
        connection.execute(verifiers.insert().values(asdict(verifier)))


def find_by_secret(connection: Connection, secret_sha256: bytes) -> Verifier | None:
    """The verifier whose secret hashes to this, revoked or not."""
    query = select(verifiers).where(verifiers.c.secret_sha256 == secret_sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Verifier(**row)


def get(connection: Connection, verifier_id: str) -> Verifier:
    """The verifier. Raises RecordNotFound."""
    row = connection.execute(select(verifiers).where(verifiers.c.verifier_id == verifier_id)).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="verifier")
    return Verifier(**row)


def every(connection: Connection) -> tuple[Verifier, ...]:
    """Everyone, oldest first."""
    query = select(verifiers).order_by(verifiers.c.created_at, verifiers.c.name)
    return tuple(Verifier(**row) for row in connection.execute(query).mappings())


def revoke(connection: Connection, verifier_id: str, at: datetime) -> None:
    """Refused from now on; revoking twice keeps the first moment. Raises RecordNotFound."""
    done = connection.execute(
        update(verifiers)
        .where(verifiers.c.verifier_id == verifier_id, verifiers.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    if done.rowcount != 1:
        get(connection, verifier_id)
