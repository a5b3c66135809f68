# SPDX-License-Identifier: Apache-2.0
"""The key diversification data that a sector tells (docs/card-edge.md, "A sector is a face").

INITIALIZE UPDATE answers anyone who asks. The card's own KDD there would be a number common to all sectors, so a sector with keys of its own
tells one derived from it; the issuer, who knows the card's, derives it too.
"""

from hashlib import sha256

PREFIX = b"KJS-KDD-1"


def sector_kdd(kdd: bytes, sector: int) -> bytes:
    """SHA-256("KJS-KDD-1" | KDD | sector), cut to the length of a KDD."""
    return sha256(PREFIX + kdd + bytes([sector])).digest()[: len(kdd)]
