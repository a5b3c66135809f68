# SPDX-License-Identifier: Apache-2.0
"""Single values at rest: ``01 | key version(2) | nonce(12) | ciphertext | tag(16)``, AES-256-GCM, bound to its context.

The associated data is ``KJS-SEAL-1 | 01 | key version(2) | context``: a value moved to another table, column or row does not open.
"""

from datetime import datetime

from cardservice.keys import Purpose
from hsm.errors import KeyNotFound, UnsealRefused
from hsm.key_ring import KeyRing
from hsm.key_store import KeyStore

FORMAT = 0x01
HEADER_LENGTH = 3
MIN_LENGTH = HEADER_LENGTH + 12 + 16
_LABEL = b"KJS-SEAL-1"


class SealedValues:
    """Seals with the current seal key and opens with the one that a value names."""

    def __init__(self, store: KeyStore, ring: KeyRing) -> None:
        self._store = store
        self._ring = ring

    def seal(self, context: str, value: bytes, now: datetime) -> bytes:
        """Seal one value."""
        key = self._ring.current(Purpose.SEAL, now)
        header = bytes([FORMAT]) + key.version.to_bytes(2)
        return header + self._store.seal(key, value, _LABEL + header + context.encode())

    def unseal(self, context: str, sealed: bytes) -> bytes:
        """Open one value. Raises UnsealRefused."""
        if len(sealed) < MIN_LENGTH or sealed[0] != FORMAT:
            raise UnsealRefused(rule="format")
        header, body = sealed[:HEADER_LENGTH], sealed[HEADER_LENGTH:]
        try:
            key = self._ring.find(Purpose.SEAL, int.from_bytes(header[1:]))
        except KeyNotFound:
            raise UnsealRefused(rule="key version") from None
        return self._store.unseal(key, body, _LABEL + header + context.encode())
