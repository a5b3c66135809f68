# SPDX-License-Identifier: Apache-2.0
"""Single values at rest: ``02 | seal key's version(2) | wrapped data key(40) | nonce(12) | ciphertext | tag(16)``, AES-256-GCM under the data key.

A value carries its data key, wrapped by the seal key in the back end: nothing else is needed to open it (decision 0100). The associated data is
``KJS-SEAL-2 | 02 | version(2) | context``: a value moved to another table, column or row does not open.
"""

import os
from datetime import datetime

from cryptography.exceptions import InvalidTag

from cardservice.keys import Purpose
from hsm.errors import KeyNotFound, UnsealRefused
from hsm.keys.key_store import KeyStore
from hsm.keys.randomness import Randomness
from hsm.operations.data_keys import DataKeys
from hsm.operations.key_ring import KeyRing

FORMAT = 0x02  # 01 was sealed under the seal key itself, and is opened no more
HEADER_LENGTH = 3
WRAPPED_LENGTH = 40  # 32 bytes and the 8 of RFC 3394's integrity check
NONCE_LENGTH = 12
MIN_LENGTH = HEADER_LENGTH + WRAPPED_LENGTH + NONCE_LENGTH + 16
_BODY = HEADER_LENGTH + WRAPPED_LENGTH
_LABEL = b"KJS-SEAL-2"


class SealedValues:
    """Seals under the current seal key and opens under the one that a value names."""

    def __init__(self, store: KeyStore, ring: KeyRing, randomness: Randomness = os.urandom) -> None:
        self._ring = ring
        self._data_keys = DataKeys(store)
        self._randomness = randomness

    def seal(self, context: str, value: bytes, now: datetime) -> bytes:
        """Seal one value. Raises KeyNotFound or KeyNotActive."""
        key = self._ring.current(Purpose.SEAL, now)
        header = bytes([FORMAT]) + key.version.to_bytes(2)
        wrapped, cipher = self._data_keys.for_sealing(key, now)
        nonce = self._randomness(NONCE_LENGTH)
        return header + wrapped + nonce + cipher.encrypt(nonce, value, associated_data(header, context))

    def unseal(self, context: str, sealed: bytes, now: datetime) -> bytes:
        """Open one value. Raises UnsealRefused."""
        if len(sealed) < MIN_LENGTH or sealed[0] != FORMAT:
            raise UnsealRefused(rule="format")
        header, nonce = sealed[:HEADER_LENGTH], sealed[_BODY : _BODY + NONCE_LENGTH]
        try:
            key = self._ring.find(Purpose.SEAL, int.from_bytes(header[1:]))
        except KeyNotFound:
            raise UnsealRefused(rule="key version") from None
        cipher = self._data_keys.for_opening(key, sealed[HEADER_LENGTH:_BODY], now)
        try:
            return cipher.decrypt(nonce, sealed[_BODY + NONCE_LENGTH :], associated_data(header, context))
        except InvalidTag:
            raise UnsealRefused(rule="authentication tag") from None


def associated_data(header: bytes, context: str) -> bytes:
    """What binds a value to its format, its seal key and its place."""
    return _LABEL + header + context.encode()
