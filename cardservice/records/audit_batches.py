# SPDX-License-Identifier: Apache-2.0
"""Sealed batches of audit events: a Merkle root over the events since the last batch, signed. Append-only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, String, Table, select

from cardservice.records.audit_events import AuditPosition, ChainHead
from cardservice.records.canonical_json import Json
from cardservice.records.columns import CanonicalText, UtcTime, metadata, octets, octets_in
from cardservice.records.constraints import refusing
from cardservice.records.errors import JournalConflict

audit_batches = Table(
    "audit_batches",
    metadata,
    Column("batch", Integer, primary_key=True, autoincrement=False),
    Column("heads", CanonicalText, nullable=False),
    Column("tree_size", BigInteger, nullable=False),
    octets("root", 32),
    Column("document", LargeBinary, nullable=False),
    octets("signature", 64),
    Column("kid", String(64), nullable=False),
    Column("sealed_at", UtcTime, nullable=False),
    octets_in("root", 32),
    octets_in("signature", 64),
)


@dataclass(frozen=True, slots=True)
class AuditBatch:
    """One row. ``heads`` are the ends of all chains when it was sealed; ``document`` is what ``signature`` signs, by the key ``kid``."""

    batch: int
    heads: tuple[ChainHead, ...]
    tree_size: int
    root: bytes
    document: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    kid: str
    sealed_at: datetime


def add(connection: Connection, batch: AuditBatch) -> None:
    """Insert a batch. Raises JournalConflict if another one sealed the same number at the same time."""
    with refusing(connection, {"pk_audit_batches": JournalConflict(card_id="audit")}):
        connection.execute(
            audit_batches.insert().values(
                batch=batch.batch,
                heads=heads_to_json(batch.heads),
                tree_size=batch.tree_size,
                root=batch.root,
                document=batch.document,
                signature=batch.signature,
                kid=batch.kid,
                sealed_at=batch.sealed_at,
            )
        )


def last(connection: Connection) -> AuditBatch | None:
    """The batch that was sealed last."""
    query = select(audit_batches).order_by(audit_batches.c.batch.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _batch(dict(row))


def every(connection: Connection) -> tuple[AuditBatch, ...]:
    """All batches, in order."""
    query = select(audit_batches).order_by(audit_batches.c.batch)
    return tuple(_batch(dict(row)) for row in connection.execute(query).mappings())


def heads_to_json(heads: Sequence[ChainHead]) -> list[Json]:
    """``[[chain, seq, head in hexadecimal], ...]``."""
    return [[head.position.chain, head.position.seq, head.head.hex()] for head in heads]


def _batch(row: dict[Any, Any]) -> AuditBatch:
    kept = row.pop("heads")
    heads = tuple(ChainHead(AuditPosition(chain, seq), bytes.fromhex(head)) for chain, seq, head in kept)
    return AuditBatch(heads=heads, **row)
