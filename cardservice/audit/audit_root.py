# SPDX-License-Identifier: Apache-2.0
"""The document that is signed over a batch: ``KJS-AUDIT-ROOT-1`` | tree size (8) | seconds since 1970 (8) | root (32), 64 bytes (decision 0032).

Both numbers are big-endian. ``hsm/guards/audit_root.py`` reads the same.
"""

from datetime import datetime

PREFIX = b"KJS-AUDIT-ROOT-1"


def audit_root_document(tree_size: int, sealed_at: datetime, root: bytes) -> bytes:
    """The 64 bytes to be signed."""
    return PREFIX + tree_size.to_bytes(8) + int(sealed_at.timestamp()).to_bytes(8) + root
