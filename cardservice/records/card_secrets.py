# SPDX-License-Identifier: Apache-2.0
"""Secrets of a card that the scheme must be able to use later, sealed: the PUK."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, ForeignKey, LargeBinary, Table, select

from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, one_of
from cardservice.records.errors import RecordNotFound
from cardservice.records.insert import INSERT


class SecretKind(StrEnum):
    """Which secret."""

    PUK = "PUK"


card_secrets = Table(
    "card_secrets",
    metadata,
    Column("card_id", Identifier, ForeignKey("cards.card_id"), primary_key=True),
    Column("kind", Choice(SecretKind), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    one_of("kind", SecretKind),
)


_STORE = {
    dialect: insert(card_secrets).on_conflict_do_update(
        index_elements=["card_id", "kind"],
        set_={name: insert(card_secrets).excluded[name] for name in ("sealed", "created_at")},
    )
    for dialect, insert in INSERT.items()
}


def store(connection: Connection, card_id: str, kind: SecretKind, sealed: bytes, at: datetime) -> None:
    """Store a sealed secret in place of an older one."""
    values = {"card_id": card_id, "kind": kind, "sealed": sealed, "created_at": at}
    connection.execute(_STORE[connection.dialect.name], values)


def get(connection: Connection, card_id: str, kind: SecretKind) -> bytes:
    """The sealed secret. Raises RecordNotFound."""
    query = select(card_secrets.c.sealed).where(card_secrets.c.card_id == card_id, card_secrets.c.kind == kind)
    sealed = connection.scalar(query)
    if sealed is None:
        raise RecordNotFound(record="card-secret")
    return bytes(sealed)
