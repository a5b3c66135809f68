# SPDX-License-Identifier: Apache-2.0
"""A trail that does not hold.

AuditError
|- NothingToSeal   no event since the last batch
|- SealConflict    somebody else sealed the same batch at the same time
`- ProofMalformed  a question about a tree that has no answer: an index outside it, a size of nothing
"""

from cardservice.errors import KartuError


class AuditError(KartuError):
    """The root of what audit refuses."""

    code = "audit"


class NothingToSeal(AuditError):
    """No event since the last batch."""

    code = "audit-nothing-to-seal"


class SealConflict(AuditError):
    """Somebody else sealed the same batch at the same time; evidence: batch."""

    code = "audit-seal-conflict"


class ProofMalformed(AuditError):
    """An index outside the tree; evidence: index, tree_size."""

    code = "audit-proof-malformed"
