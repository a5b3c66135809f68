# SPDX-License-Identifier: Apache-2.0
"""``prove_event``: the proof that one event is in a sealed batch, for somebody who has only the signed root."""

from dataclasses import dataclass

from cardservice.audit.merkle_tree import inclusion_proof, root_from_proof
from cardservice.audit.seal_batch import batch_leaves
from cardservice.records import audit_batches
from cardservice.records.audit_batches import AuditBatch
from cardservice.records.audit_events import AuditPosition
from cardservice.records.connection import Connection


@dataclass(frozen=True, slots=True)
class EventProof:
    """Leaf, its place, and the path to the root of ``batch`` (RFC 9162, 2.1.3)."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    batch: AuditBatch

    @property
    def holds(self) -> bool:
        """Whether the path leads to the batch's root; the root's signature is for whoever holds the key."""
        return root_from_proof(self.leaf, self.index, self.batch.tree_size, self.path) == self.batch.root


def prove_event(connection: Connection, position: AuditPosition) -> EventProof | None:
    """The proof for one event; None while no batch has it."""
    before: AuditBatch | None = None
    for batch in audit_batches.every(connection):
        ends = {head.position.chain: head.position.seq for head in batch.heads}
        if position.seq <= ends.get(position.chain, 0):
            leaves = batch_leaves(connection, before, batch.heads)
            index = _index(before, batch, position)
            return EventProof(leaves[index], index, tuple(inclusion_proof(leaves, index)), batch)
        before = batch
    return None


def _index(before: AuditBatch | None, batch: AuditBatch, position: AuditPosition) -> int:
    starts = {head.position.chain: head.position.seq for head in before.heads} if before else {}
    index = 1  # leaf 0 is the batch's head
    for head in batch.heads:
        start = starts.get(head.position.chain, 0)
        if head.position.chain == position.chain:
            return index + position.seq - start - 1
        index += head.position.seq - start
    return index
