# SPDX-License-Identifier: Apache-2.0
"""Choosing the key: by purpose, version, sector and time, among the keys that a store lists."""

from collections.abc import Sequence
from datetime import datetime

from cardservice.keys import ISSUER_SECTOR, KeyOrigin, KeySet, Purpose
from hsm.errors import KeyNotActive, KeyNotFound
from hsm.keys.crypto_periods import CRYPTO_PERIODS
from hsm.keys.key_store import KeyDescription, KeyStore


class KeyRing:
    """The keys of a store, found once and kept; the store is asked for its list only here."""

    def __init__(self, store: KeyStore) -> None:
        self._by_purpose: dict[Purpose, list[KeyDescription]] = {}
        self._by_name: dict[tuple[Purpose, int, int], KeyDescription] = {}
        self._found: dict[Purpose, tuple[datetime, datetime, KeyDescription]] = {}
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
        found = self._found.get(purpose)
        if found is not None and found[0] <= now < found[1]:
            return found[2]
        keys = self._by_purpose.get(purpose)
        if not keys:
            raise KeyNotFound(purpose=str(purpose))
        key = _latest(keys, now)
        # Until a key of the purpose begins or ends the answer is the same.
        moments = [moment for each in keys for moment in (each.active_from, each.expires)]
        since = max(moment for moment in moments if moment <= now)
        self._found[purpose] = since, min(moment for moment in moments if moment > now), key
        return key

    def current_master(self, sector: int, now: datetime) -> KeyDescription:
        """The master whose version a card made now gets in this sector. Raises KeyNotFound or KeyNotActive."""
        purpose = _master_purpose(sector)
        keys = [key for key in self._by_purpose.get(purpose, []) if key.sector == sector]
        if not keys:
            raise KeyNotFound(purpose=str(purpose), sector=sector)
        return _latest(keys, now)

    def published(self, purpose: Purpose, now: datetime) -> list[KeyDescription]:
        """Current, next and past keys whose signatures a verifier may meet; the one that signs now first, then the newest."""
        reading = CRYPTO_PERIODS[purpose].reading
        alive = [key for key in self._by_purpose.get(purpose, []) if now < key.expires + reading]
        current = max((key for key in alive if key.is_active(now)), key=_began, default=None)
        return sorted(alive, key=lambda key: (key is current, *_began(key)), reverse=True)

    def master(self, key_set: KeySet) -> KeyDescription:
        """The master behind a static key set, whatever its dates: cards outlive it. Raises KeyNotFound."""
        if key_set.origin is KeyOrigin.TRANSPORT:
            return self.find(Purpose.TRANSPORT, key_set.key_version_number, key_set.sector)
        return self.find(_master_purpose(key_set.sector), key_set.key_version_number, key_set.sector)


def _master_purpose(sector: int) -> Purpose:
    return Purpose.CARD_MASTER if sector == ISSUER_SECTOR else Purpose.SECTOR_MASTER


def _latest(keys: Sequence[KeyDescription], now: datetime) -> KeyDescription:
    """Of the active ones the last to become so; of two at once the higher version, as after a rotation within that second."""
    active = [key for key in keys if key.is_active(now)]
    if not active:
        raise KeyNotActive(purpose=str(keys[0].purpose), rule="no key of this purpose is within its dates")
    return max(active, key=_began)


def _began(key: KeyDescription) -> tuple[datetime, int]:
    return key.active_from, key.version
