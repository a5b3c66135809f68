# SPDX-License-Identifier: Apache-2.0
"""Keys of several back ends as one store: each purpose's keys in the place that is theirs (``hsm/keys/key_places.py``)."""

from collections.abc import Callable, Mapping, Sequence

from cardservice.keys import Purpose
from hsm.algorithms.diversification import Diversification
from hsm.errors import KeyMisplaced
from hsm.keys.key_plan import MASTERS
from hsm.keys.key_store import KeyDescription, KeyStore, StaticKey, Unvalidated


class DividedStore:
    """Asks the store of the key's purpose. The CA's certificate lies beside its key."""

    def __init__(self, elsewhere: KeyStore, by_purpose: Mapping[Purpose, KeyStore]) -> None:
        self._elsewhere = elsewhere
        self._by_purpose = by_purpose
        self._masters = self._of(
            Purpose.CARD_MASTER
        )  # static keys are used where their masters are, and those share a place
        assert all(self._of(purpose) is self._masters for purpose in MASTERS)
        self.descriptions()

    @property
    def backend(self) -> str:
        """The kind of the back end that holds what no purpose has a place of its own for."""
        return self._elsewhere.backend

    def unvalidated(self) -> Sequence[Unvalidated]:
        """Those of all places."""
        return [one for store in self._all() for one in store.unvalidated()]

    @property
    def ca_certificate(self) -> bytes:
        """The card CA's own certificate."""
        return self._of(Purpose.CARD_CA).ca_certificate

    def records(self) -> Mapping[str, bytes]:
        """Records lie where no purpose has a place of its own."""
        return self._elsewhere.records()

    def descriptions(self) -> Sequence[KeyDescription]:
        """Every key. Raises KeyMisplaced for one that lies where its purpose has no place: it is not used, and not passed over in silence."""
        found: list[KeyDescription] = []
        for store in self._all():
            for key in store.descriptions():
                if self._of(key.purpose) is not store:
                    raise KeyMisplaced(purpose=str(key.purpose), version=key.version)
                found.append(key)
        return found

    def attributes(self, key: KeyDescription) -> Mapping[str, object]:
        """What the key's own place says of it."""
        return self._of(key.purpose).attributes(key)

    def verifying_point(self, key: KeyDescription) -> bytes:
        """The uncompressed point of a signing key."""
        return self._of(key.purpose).verifying_point(key)

    def sign_es256(self, key: KeyDescription, message: bytes) -> bytes:
        """ECDSA P-256 with SHA-256; raw r|s."""
        return self._of(key.purpose).sign_es256(key, message)

    def derive(self, master: KeyDescription, diversification: Diversification) -> StaticKey:
        """One static key of one card."""
        return self._of(master.purpose).derive(master, diversification)

    def cmac_function(self, key: StaticKey) -> Callable[[bytes], bytes]:
        """AES-CMAC under a static key."""
        return self._masters.cmac_function(key)

    def check_value(self, key: StaticKey | KeyDescription) -> bytes:
        """KCV of a static key or of an AES key."""
        return (self._masters if isinstance(key, StaticKey) else self._of(key.purpose)).check_value(key)

    def wrap(self, key: StaticKey, under: StaticKey) -> bytes:
        """The static key for PUT KEY."""
        return self._masters.wrap(key, under)

    def discard(self, key: StaticKey) -> None:
        """Forget a static key."""
        self._masters.discard(key)

    def new_data_key(self, key: KeyDescription) -> tuple[bytes, bytes]:
        """A data key, and the same wrapped."""
        return self._of(key.purpose).new_data_key(key)

    def unwrapped_data_key(self, key: KeyDescription, wrapped: bytes) -> bytes:
        """The data key in wrapped bytes."""
        return self._of(key.purpose).unwrapped_data_key(key, wrapped)

    def hmac(self, key: KeyDescription, message: bytes) -> bytes:
        """HMAC-SHA-256."""
        return self._of(key.purpose).hmac(key, message)

    def _all(self) -> list[KeyStore]:
        return list({id(store): store for store in (self._elsewhere, *self._by_purpose.values())}.values())

    def _of(self, purpose: Purpose) -> KeyStore:
        return self._by_purpose.get(purpose, self._elsewhere)
