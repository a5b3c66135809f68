# SPDX-License-Identifier: Apache-2.0
"""Data keys at work: each wrapped by a seal key in the back end (AES-KW, RFC 3394), kept in this process for a bounded number of uses and time.

A token is asked once per data key and not once per value, and never sees the values. A data key seals at most SEALS_PER_KEY values
and SEALING_LIFE long; one that opened a value is kept OPENING_LIFE long, at most KEPT_FOR_OPENING of them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hsm.keys.key_store import KeyDescription, KeyStore

SEALS_PER_KEY: Final = 10_000  # far below the 2^32 of SP 800-38D, 8.3: what one lost data key opens is what counts
SEALING_LIFE: Final = timedelta(hours=1)
OPENING_LIFE: Final = timedelta(minutes=10)
KEPT_FOR_OPENING: Final = 256


@dataclass(slots=True)
class _SealingKey:
    wrapped: bytes
    cipher: AESGCM = field(repr=False)
    begun: datetime
    seals_left: int = SEALS_PER_KEY


class DataKeys:
    """The data keys of one store. Their representation shows how many are kept."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._sealing: dict[str, _SealingKey] = {}
        self._opening: OrderedDict[tuple[str, bytes], tuple[AESGCM, datetime]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._sealing)} sealing, {len(self._opening)} opening>"

    def for_sealing(self, under: KeyDescription, now: datetime) -> tuple[bytes, AESGCM]:
        """A data key for one more value: wrapped, and at work."""
        key = self._sealing.get(under.kid)
        if key is None or not key.seals_left or not timedelta() <= now - key.begun < SEALING_LIFE:
            secret, wrapped = self._store.new_data_key(under)
            key = self._sealing[under.kid] = _SealingKey(wrapped, AESGCM(secret), now)
        key.seals_left -= 1
        return key.wrapped, key.cipher

    def for_opening(self, under: KeyDescription, wrapped: bytes, now: datetime) -> AESGCM:
        """The data key that a value carries. Raises UnsealRefused."""
        name = (under.kid, wrapped)
        kept = self._opening.get(name)
        if kept is None or not timedelta() <= now - kept[1] < OPENING_LIFE:
            kept = self._opening[name] = (AESGCM(self._store.unwrapped_data_key(under, wrapped)), now)
            self._opening.move_to_end(name)
            while len(self._opening) > KEPT_FOR_OPENING:
                self._opening.popitem(last=False)
        return kept[0]
