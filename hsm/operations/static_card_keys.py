# SPDX-License-Identifier: Apache-2.0
"""The static keys of cards at work: session keys for a channel, and key sets wrapped for PUT KEY. They stay handles throughout."""

from collections.abc import Sequence
from datetime import datetime

from cardservice.keys import ISSUER_SECTOR, KeyOrigin, KeySet, SessionKeys, SessionRequest, WrappedKey
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage
from hsm.algorithms.scp03_derivation import StaticPrfs, session_keys
from hsm.errors import KeyNotActive, WrapRefused
from hsm.keys.key_store import KeyStore, StaticKey
from hsm.operations.key_ring import KeyRing

_SCHEMES = {KeyOrigin.SCHEME: DiversificationScheme.KJS_DIV_1, KeyOrigin.TRANSPORT: DiversificationScheme.KDF3}


class StaticCardKeys:
    """Derives static keys of cards from the masters of one store, when asked, and forgets them."""

    def __init__(self, store: KeyStore, ring: KeyRing) -> None:
        self._store = store
        self._ring = ring

    def session_keys(self, requests: Sequence[SessionRequest]) -> list[SessionKeys]:
        """Session keys per channel; a key set asked for several times is derived once. Raises KeyNotFound."""
        prfs: dict[KeySet, StaticPrfs] = {}
        answers = []
        used: list[StaticKey] = []
        try:
            for request in requests:
                if request.key_set not in prfs:
                    prfs[request.key_set] = self._prfs(request.key_set, used)
                answers.append(session_keys(prfs[request.key_set], request))
        finally:
            self._discard(used)
        return answers

    def wrapped_key_set(self, new: KeySet, under: KeySet, now: datetime) -> list[WrappedKey]:
        """ENC, MAC and DEK of ``new`` under the DEK of ``under``. Raises WrapRefused, KeyNotFound or KeyNotActive."""
        refuse_leak(new, under)
        master = self._ring.master(new)
        if not master.is_active(now):
            raise KeyNotActive(
                purpose=str(master.purpose), version=master.version, rule="no longer for new cards, or not yet"
            )
        used: list[StaticKey] = []
        try:
            dek = self._static_key(under, KeyUsage.DEK, used)
            keys = [self._static_key(new, usage, used) for usage in KeyUsage]
            return [WrappedKey(key.length, self._store.wrap(key, dek), self._store.check_value(key)) for key in keys]
        finally:
            self._discard(used)

    def _discard(self, used: Sequence[StaticKey]) -> None:
        for key in used:
            self._store.discard(key)

    def _prfs(self, key_set: KeySet, used: list[StaticKey]) -> StaticPrfs:
        enc, mac = (self._static_key(key_set, usage, used) for usage in (KeyUsage.ENC, KeyUsage.MAC))
        return StaticPrfs(enc=self._store.cmac_function(enc), mac=self._store.cmac_function(mac), key_length=enc.length)

    def _static_key(self, key_set: KeySet, usage: KeyUsage, used: list[StaticKey]) -> StaticKey:
        master = self._ring.master(key_set)
        diversification = Diversification(
            scheme=_SCHEMES[key_set.origin],
            usage=usage,
            key_version_number=key_set.key_version_number,
            sector=key_set.sector,
            kdd=key_set.kdd,
            length=master.derived_length,
        )
        key = self._store.derive(master, diversification)
        used.append(key)
        return key


def refuse_leak(new: KeySet, under: KeySet) -> None:
    """Refuse a wrapping whose result somebody beside the right card could open (decision 0033).

    Whoever knows one card's DEK must learn nothing of another card, and the supplier's transport keys, which others know, must
    carry nothing but the first step away from them.
    """
    allowed_under = under.sector in {ISSUER_SECTOR, new.sector}
    rules = (
        (new.origin is KeyOrigin.SCHEME, "a card never gets transport keys back"),
        (new.kdd == under.kdd, "both key sets belong to one card"),
        (new != under, "a key set is not wrapped under itself"),
        (allowed_under, "a sector's keys go under its own or the issuer's, the issuer's under the issuer's"),
        (
            under.origin is KeyOrigin.SCHEME or new.sector == ISSUER_SECTOR,
            "transport keys carry only the issuer's key set",
        ),
    )
    for holds, rule in rules:
        if not holds:
            raise WrapRefused(rule=rule)
