# SPDX-License-Identifier: Apache-2.0
"""``seal_batch``: a signed Merkle root over the events since the last batch.

Leaf 0 is the batch's head: its number, the root before it, and where every chain stands. So a signed root vouches for all chains up to it,
and for every batch before. The events follow, chain by chain.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from cardservice.audit.audit_root import audit_root_document
from cardservice.audit.errors import NothingToSeal, SealConflict
from cardservice.audit.merkle_tree import merkle_root
from cardservice.keys import Signer
from cardservice.records import audit_batches, audit_events
from cardservice.records.audit_batches import AuditBatch, heads_to_json
from cardservice.records.audit_chain import GENESIS
from cardservice.records.audit_events import LEAF_PREFIX, ChainHead
from cardservice.records.canonical_json import canonical_json
from cardservice.records.connection import Connection
from cardservice.records.errors import JournalConflict


def seal_batch(connection: Connection, signer: Signer, at: datetime) -> AuditBatch:
    """Seal what was recorded since the last batch. Raises NothingToSeal, SealConflict, and what the signer raises."""
    before = audit_batches.last(connection)
    heads = audit_events.heads(connection)
    if (before is not None and heads == before.heads) or not any(head.position.seq for head in heads):
        raise NothingToSeal
    leaves = batch_leaves(connection, before, heads)
    root = merkle_root(leaves)
    document = audit_root_document(len(leaves), at, root)
    batch = AuditBatch(
        batch=1 if before is None else before.batch + 1,
        heads=heads,
        tree_size=len(leaves),
        root=root,
        document=document,
        signature=signer.sign(document),
        kid=signer.verifying_key.kid,
        sealed_at=at,
    )
    try:
        audit_batches.add(connection, batch)
    except JournalConflict:
        raise SealConflict(batch=batch.batch) from None
    return batch


def batch_leaves(connection: Connection, before: AuditBatch | None, heads: Iterable[ChainHead]) -> list[bytes]:
    """The leaf hashes of the batch that follows ``before`` and ends at ``heads``, in the order of its tree."""
    ends = tuple(heads)
    starts = {head.position.chain: head.position.seq for head in before.heads} if before else {}
    leaves = [_head_leaf(before, ends)]
    for end in ends:
        after = starts.get(end.position.chain, 0)
        leaves += [kept.leaf for kept in audit_events.stream(connection, end.position.chain, after, end.position.seq)]
    return leaves


def _head_leaf(before: AuditBatch | None, ends: tuple[ChainHead, ...]) -> bytes:
    content = canonical_json(
        {
            "batch": 1 if before is None else before.batch + 1,
            "heads": heads_to_json(ends),
            "previous_root": (GENESIS if before is None else before.root).hex(),
        }
    )
    return hashlib.sha256(LEAF_PREFIX + content).digest()
