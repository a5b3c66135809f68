# SPDX-License-Identifier: Apache-2.0
"""Choosing the key: by purpose, version, sector and time, among the keys that a store lists."""

from datetime import datetime

from cardservice.keys import ISSUER_SECTOR, KeyOrigin, KeySet, Purpose
from hsm.crypto_periods import CRYPTO_PERIODS
from hsm.errors import KeyNotActive, KeyNotFound
from hsm.key_store import KeyDescription, KeyStore


class KeyRing:
    """The keys of a store, found once and kept; the store is asked for its list only here."""

    def __init__(self, store: KeyStore) -> None:
        self._by_purpose: dict[Purpose, list[KeyDescription]] = {}
        self._by_name: dict[tuple[Purpose, int, int], KeyDescription] = {}
        for key in store.descriptions():
            self._by_purpose.setdefault(key.purpose, []).append(key)
            self._by_name[key.purpose, key.version, key.sector] = key

    def find(self, purpose: Purpose, version: int, sector: int = ISSUER_SECTOR) -> KeyDescription:
        """The key of that name, whatever its dates. Raises KeyNotFound."""
        try:
            return self._by_name[purpose, version, sector]
        except KeyError:
            raise KeyNotFound(purpose=str(purpose), version=version, sector=sector) from None

    def current(self, purpose: Purpose, now: datetime) -> KeyDescription:
        """The key that makes new things now: of the active ones, the latest. Raises KeyNotFound or KeyNotActive."""
        keys = self._by_purpose.get(purpose)
        if not keys:
            raise KeyNotFound(purpose=str(purpose))
        active = [key for key in keys if key.is_active(now)]
        if not active:
            raise KeyNotActive(purpose=str(purpose), rule="no key of this purpose is within its dates")
        return max(active, key=lambda key: key.active_from)

    def published(self, purpose: Purpose, now: datetime) -> list[KeyDescription]:
        """Current, next and past keys whose signatures a verifier may meet; the one that signs now first, then the newest."""
        reading = CRYPTO_PERIODS[purpose].reading
        alive = [key for key in self._by_purpose.get(purpose, []) if now < key.expires + reading]
        signing = [key for key in alive if key.is_active(now)]
        current = max(signing, key=lambda key: key.active_from, default=None)
        return sorted(alive, key=lambda key: (key is current, key.active_from), reverse=True)

    def master(self, key_set: KeySet) -> KeyDescription:
        """The master behind a static key set, whatever its dates: cards outlive it. Raises KeyNotFound."""
        if key_set.origin is KeyOrigin.TRANSPORT:
            return self.find(Purpose.TRANSPORT, key_set.key_version_number, key_set.sector)
        purpose = Purpose.CARD_MASTER if key_set.sector == ISSUER_SECTOR else Purpose.SECTOR_MASTER
        return self.find(purpose, key_set.key_version_number, key_set.sector)
