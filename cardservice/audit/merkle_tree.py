# SPDX-License-Identifier: Apache-2.0
"""Merkle trees of RFC 9162, 2.1: root, inclusion proofs and their verification, over SHA-256. Pure.

Everything takes leaf *hashes* (2.1.1: SHA-256(00 | entry), 32 bytes), as audit events carry them.
"""

import hashlib
from collections.abc import Sequence

from cardservice.audit.errors import ProofMalformed

NODE_PREFIX = b"\x01"  # RFC 9162, 2.1.1: keeps nodes apart from leaves (00)
EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over both its children (2.1.1)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over leaf hashes (2.1.1, MTH), 32 bytes."""
    return _levels(leaves)[-1][0] if leaves else EMPTY_ROOT


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The path from leaf ``index`` to the root, lowest node first (2.1.3.1, PATH). Raises ProofMalformed."""
    if not 0 <= index < len(leaves):
        raise ProofMalformed(index=index, tree_size=len(leaves))
    path = []
    for level in _levels(leaves)[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index >>= 1
    return path


def root_from_proof(leaf: bytes, index: int, tree_size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to, by the steps of 2.1.3.2; None where the proof has too few or too many nodes.

    Whoever asks compares it with the root that was signed.
    """
    # 1. The leaf is inside the tree.
    if not 0 <= index < tree_size:
        return None
    # 2. and 3. Position of the node that we stand at, and of the last one of its level.
    node, last, root = index, tree_size - 1, leaf
    # 4. For each value in the path.
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            # A node without a right sibling moved up unchanged until it became somebody's right child.
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    # 5. The path is used up just at the root.
    return root if last == 0 else None


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Every level of the tree, leaves first. A last node without a sibling moves up as it is: the same tree as RFC 9162's MTH."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(above) * 2 :])
    return levels
