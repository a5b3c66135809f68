# SPDX-License-Identifier: Apache-2.0
"""The guard of the audit root: ``KJS-AUDIT-ROOT-1`` | tree size (8) | time in seconds (8) | root hash (32), 64 bytes (decision 0032)."""

from hsm.guards.signing_context import SigningContext

PREFIX = b"KJS-AUDIT-ROOT-1"
LENGTH = len(PREFIX) + 8 + 8 + 32
MAX_SKEW = 60  # seconds


def guard_audit_root(document: bytes, context: SigningContext) -> None:
    """Raise DocumentRefused unless the document is an audit root of about now."""
    context.require(holds=document.startswith(PREFIX), rule="begins with KJS-AUDIT-ROOT-1")
    context.require(holds=len(document) == LENGTH, rule=f"is {LENGTH} bytes")
    written = int.from_bytes(document[24:32])
    context.require(
        holds=abs(written - context.now.timestamp()) <= MAX_SKEW, rule=f"time is within {MAX_SKEW} seconds of now"
    )
