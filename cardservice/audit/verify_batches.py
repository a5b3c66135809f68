# SPDX-License-Identifier: Apache-2.0
"""``verify_batches``: do the signed batches still stand, one upon the other, over the events that are there now.

Together with verify_chain() it is what an auditor runs. Keys come from outside: a database that vouches for itself vouches for nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cardservice.audit.audit_root import audit_root_document
from cardservice.audit.merkle_tree import merkle_root
from cardservice.audit.seal_batch import batch_leaves
from cardservice.credentials import p256
from cardservice.keys import VerifyingKey
from cardservice.records import audit_batches
from cardservice.records.audit_batches import AuditBatch
from cardservice.records.connection import Connection


class BatchRule(StrEnum):
    """What was found."""

    BATCH_MISSING = "batch-missing"
    KEY_UNKNOWN = "key-unknown"
    SIGNATURE_WRONG = "signature-wrong"
    DOCUMENT_DIFFERS = "document-differs"  # what was signed is not what the row says
    ROOT_DIFFERS = "root-differs"  # the events, the heads or the batch before are not those that were sealed


@dataclass(frozen=True, slots=True)
class BatchFault:
    """One batch that does not stand."""

    batch: int
    rule: BatchRule


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Whether every batch stands; falsy if not, and then ``faults`` says which do not."""

    batches: int
    faults: tuple[BatchFault, ...]

    def __bool__(self) -> bool:
        return not self.faults


def verify_batches(connection: Connection, keys: Iterable[VerifyingKey]) -> BatchReport:
    """Check every batch against ``keys``: the audit keys, present and past, as the key process or a safe place tells them."""
    points = {key.kid: key.point for key in keys}
    faults: list[BatchFault] = []
    before: AuditBatch | None = None
    batches = audit_batches.every(connection)
    for batch in batches:
        rule = _fault(connection, before, batch, points)
        if rule is not None:
            faults.append(BatchFault(batch.batch, rule))
        before = batch
    return BatchReport(len(batches), tuple(faults))


def _fault(
    connection: Connection, before: AuditBatch | None, batch: AuditBatch, points: dict[str, bytes]
) -> BatchRule | None:
    # 1. No batch is missing before it.
    if batch.batch != (1 if before is None else before.batch + 1):
        return BatchRule.BATCH_MISSING
    # 2. A key of ours signed its document.
    if batch.kid not in points:
        return BatchRule.KEY_UNKNOWN
    if not p256.verifies(points[batch.kid], batch.document, batch.signature):
        return BatchRule.SIGNATURE_WRONG
    # 3. The document says what the row says.
    if batch.document != audit_root_document(batch.tree_size, batch.sealed_at, batch.root):
        return BatchRule.DOCUMENT_DIFFERS
    # 4. The root is that of the events as they are now, upon the batch before.
    leaves = batch_leaves(connection, before, batch.heads)
    if len(leaves) != batch.tree_size or merkle_root(leaves) != batch.root:
        return BatchRule.ROOT_DIFFERS
    return None
