# SPDX-License-Identifier: Apache-2.0
"""The secrets with which intermediaries call the service, known by their hash as verifiers' are: at most one for each that is in force."""

from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Table, bindparam, select, update

from cardservice.records.columns import Identifier, UtcTime, metadata, octets, octets_in
from cardservice.records.errors import RecordNotFound
from cardservice.records.insert import insert_into
from cardservice.records.intermediaries import intermediaries

intermediary_secrets = Table(
    "intermediary_secrets",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("intermediaries.intermediary_id"), primary_key=True),
    octets("secret_sha256", 32, unique=True),
    Column("given_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime, nullable=True),
    octets_in("secret_sha256", 32),
)


@dataclass(frozen=True, slots=True)
class IntermediarySecret:
    """One intermediary's. Of the secret only SHA-256 is kept."""

    intermediary_id: str
    secret_sha256: bytes = field(repr=False)
    given_at: datetime
    revoked_at: datetime | None = None


_OWNER = (
    select(intermediaries.c.code, intermediary_secrets.c.revoked_at)
    .join(intermediaries, intermediaries.c.intermediary_id == intermediary_secrets.c.intermediary_id)
    .where(intermediary_secrets.c.secret_sha256 == bindparam("presented"))
)


def give(connection: Connection, secret: IntermediarySecret) -> None:
    """Keep a secret; one that was there before is unknown from now on."""
    values = asdict(secret)
    statement = insert_into(connection, intermediary_secrets).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["intermediary_id"], set_=values))


def owner_of(connection: Connection, secret_sha256: bytes) -> tuple[str, datetime | None] | None:
    """The code of the intermediary whose secret hashes to this, and when the secret was revoked."""
    row = connection.execute(_OWNER, {"presented": secret_sha256}).one_or_none()
    return None if row is None else (row.code, row.revoked_at)


def revoke(connection: Connection, intermediary_id: str, at: datetime) -> None:
    """Refused from now on; revoking twice keeps the first moment. Raises RecordNotFound for one that has none."""
    table = intermediary_secrets
    own = table.c.intermediary_id == intermediary_id
    changed = update(table).where(own, table.c.revoked_at.is_(None)).values(revoked_at=at)
    if connection.execute(changed).rowcount != 1 and connection.execute(select(table).where(own)).first() is None:
        raise RecordNotFound(record="intermediary-secret")
