# SPDX-License-Identifier: Apache-2.0
"""Audit events: append-only rows, each tied to the one before it in its chain.

There are sixteen chains, chosen by the card or member, since one would make every transaction wait for the last one's disk
(docs/decisions/0052). A chain's row is locked until the transaction ends, so that its events are in the order of their commits.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    select,
    update,
)

from cardservice.records.audit_chain import chain_hash, chain_hash_of
from cardservice.records.canonical_json import Json, canonical_json
from cardservice.records.columns import CanonicalText, UtcTime, identifier, metadata, microseconds, octets, octets_in
from cardservice.records.copy_rows import copy_rows

CHAINS = 16
LEAF_PREFIX = b"\x00"  # RFC 9162, 2.1.1: leaves 00, nodes 01; links of the chain 02
MAX_KIND = 64
PAGE = 1000  # events read at once
FEW = 32  # up to here each event is one statement, and no chain is read before it is moved

audit_chains = Table(
    "audit_chains",
    metadata,
    Column("chain", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    octets("head", 32),
    CheckConstraint(f"chain BETWEEN 0 AND {CHAINS - 1}", name="chain_range"),
    octets_in("head", 32),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("chain", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(MAX_KIND), nullable=False),
    identifier("card_id", nullable=True),
    identifier("member_id", nullable=True),
    Column("detail", CanonicalText, nullable=False),
    octets("leaf", 32),
    octets("head", 32),
    CheckConstraint(f"chain BETWEEN 0 AND {CHAINS - 1}", name="chain_range"),
    octets_in("leaf", 32),
    octets_in("head", 32),
)
Index("ix_audit_events_card_id_at", audit_events.c.card_id, audit_events.c.at)
Index("ix_audit_events_member_id_at", audit_events.c.member_id, audit_events.c.at)


# Built once: building a statement costs more than running it.
_MOVE = (
    update(audit_chains)
    .where(audit_chains.c.chain == bindparam("this"))
    .values(seq=audit_chains.c.seq + 1, head=chain_hash_of(audit_chains.c.head, bindparam("leaf", type_=LargeBinary)))
    .returning(audit_chains.c.seq, audit_chains.c.head)
)
_KEEP = audit_events.insert()
_COLUMNS = ("chain", "seq", "at", "kind", "card_id", "member_id", "detail", "leaf", "head")
_END = (
    update(audit_chains)
    .where(audit_chains.c.chain == bindparam("this"))
    .values(seq=bindparam("to"), head=bindparam("end", type_=LargeBinary))
)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What happened. ``kind`` like ``card.bound``; ``detail`` carries codes, numbers and hashes, never a NIK, name, PIN or key."""

    kind: str
    at: datetime
    detail: Mapping[str, Json] = field(default_factory=dict)
    card_id: str | None = None
    member_id: str | None = None

    @property
    def leaf(self) -> bytes:
        """The leaf hash: SHA-256(00 | canonical JSON of the event), 32 bytes."""
        content: dict[str, Json] = {
            "at": microseconds(self.at),
            "card_id": self.card_id,
            "detail": dict(self.detail),
            "kind": self.kind,
            "member_id": self.member_id,
        }
        return hashlib.sha256(LEAF_PREFIX + canonical_json(content)).digest()

    @property
    def chain(self) -> int:
        """Which chain it belongs to: the last hexadecimal digit of the card or else the member; 0 for neither."""
        return int((self.card_id or self.member_id or "0")[-1], CHAINS)


@dataclass(frozen=True, slots=True, order=True)
class AuditPosition:
    """Where an event stands: ``seq`` counts from 1 without gaps in each chain."""

    chain: int
    seq: int


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event as it is stored, with the hashes that were computed then."""

    position: AuditPosition
    event: AuditEvent
    leaf: bytes = field(repr=False)
    head: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The end of one chain."""

    position: AuditPosition
    head: bytes


def append(connection: Connection, events: Sequence[AuditEvent]) -> list[AuditPosition]:
    """Append events; returns their positions in the order given.

    Call it once per transaction, as late as possible: it locks chains, always in the same order, so that no two wait for each other.
    """
    if len(events) > FEW:
        return _append_many(connection, events)
    positions: dict[int, AuditPosition] = {}
    for place, event in sorted(enumerate(events), key=lambda pair: pair[1].chain):
        leaf = event.leaf
        seq, head = connection.execute(_MOVE, {"this": event.chain, "leaf": leaf}).one()
        connection.execute(
            _KEEP,
            {
                "chain": event.chain,
                "seq": seq,
                "at": event.at,
                "kind": event.kind,
                "card_id": event.card_id,
                "member_id": event.member_id,
                "detail": dict(event.detail),
                "leaf": leaf,
                "head": head,
            },
        )
        positions[place] = AuditPosition(event.chain, seq)
    return [positions[place] for place in range(len(events))]


def _append_many(connection: Connection, events: Sequence[AuditEvent]) -> list[AuditPosition]:
    """As append(): chains are locked and read once, links are made here, and the events go in together."""
    table = audit_chains.c
    wanted = sorted({event.chain for event in events})
    query = select(table.chain, table.seq, table.head).where(table.chain.in_(wanted)).order_by(table.chain)
    ends = {row.chain: (row.seq, row.head) for row in connection.execute(query.with_for_update())}
    rows = []
    positions = []
    for event in events:
        leaf = event.leaf
        seq, head = ends[event.chain]
        seq, head = seq + 1, chain_hash(head, leaf)
        ends[event.chain] = (seq, head)
        positions.append(AuditPosition(event.chain, seq))
        rows.append(
            (event.chain, seq, event.at, event.kind, event.card_id, event.member_id, dict(event.detail), leaf, head)
        )
    copy_rows(connection, audit_events, _COLUMNS, rows)
    connection.execute(_END, [{"this": chain, "to": seq, "end": head} for chain, (seq, head) in ends.items()])
    return positions


def heads(connection: Connection) -> tuple[ChainHead, ...]:
    """The end of every chain, as the counters have it."""
    rows = connection.execute(select(audit_chains).order_by(audit_chains.c.chain))
    return tuple(ChainHead(AuditPosition(row.chain, row.seq), row.head) for row in rows)


def stream(connection: Connection, chain: int, after: int = 0, until: int | None = None) -> Iterator[KeptEvent]:
    """The events of one chain in order, from ``after`` (not included) to ``until`` (included), without holding them all in memory."""
    query = select(audit_events).where(audit_events.c.chain == chain).order_by(audit_events.c.seq).limit(PAGE)
    if until is not None:
        query = query.where(audit_events.c.seq <= until)
    # Page by page and no server-side cursor: whoever stops early leaves nothing open.
    while rows := connection.execute(query.where(audit_events.c.seq > after)).mappings().all():
        yield from map(_kept, rows)
        after = rows[-1]["seq"]


def of_card(connection: Connection, card_id: str) -> tuple[KeptEvent, ...]:
    """Everything that happened to one card, in order."""
    query = select(audit_events).where(audit_events.c.card_id == card_id)
    query = query.order_by(audit_events.c.at, audit_events.c.chain, audit_events.c.seq)
    return tuple(_kept(row) for row in connection.execute(query).mappings())


def of_member(connection: Connection, member_id: str) -> tuple[KeptEvent, ...]:
    """Everything that happened to one member, in order."""
    query = select(audit_events).where(audit_events.c.member_id == member_id)
    query = query.order_by(audit_events.c.at, audit_events.c.chain, audit_events.c.seq)
    return tuple(_kept(row) for row in connection.execute(query).mappings())


def _kept(row: Mapping[Any, Any]) -> KeptEvent:
    fields = dict(row)
    chain, seq, leaf, head = (fields.pop(name) for name in ("chain", "seq", "leaf", "head"))
    return KeptEvent(
        AuditPosition(chain, seq),
        AuditEvent(**fields),
        leaf,
        head,
    )
