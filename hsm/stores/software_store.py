# SPDX-License-Identifier: Apache-2.0
"""The software back end of the key store contract: keys from a sealed file, in this process's memory. Never for production."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from hsm.algorithms.block_cipher import (
    BLOCK_LENGTH,
    aes_cbc_function,
    aes_cbc_zero_iv,
    aes_cmac_function,
    key_check_value,
)
from hsm.algorithms.diversification import Diversification, diversified_key
from hsm.algorithms.es256 import raw_signature
from hsm.errors import KeyNotFound, UnsealRefused
from hsm.keys.key_check import point_of, private_key_of
from hsm.keys.key_store import DATA_KEY_LENGTH, SEALED_FILE, KeyDescription, KeyKind, StaticKey, Unvalidated
from hsm.keys.randomness import Randomness
from hsm.stores.key_bundle import KeyBundle

IN_SOFTWARE: Final = {SEALED_FILE: "readable by whoever has the file and its passphrase"}
_ES256 = ec.ECDSA(SHA256())


class SoftwareStore:
    """Keys in memory, named by their ``kid``. Its representation shows how many there are, nothing else."""

    backend: Final = "software"

    def __init__(self, bundle: KeyBundle, randomness: Randomness) -> None:
        self._randomness = randomness
        self._ca_certificate = bundle.ca_certificate
        self._records = dict(bundle.records)
        self._descriptions = tuple(key.description for key in bundle.keys)
        self._signing = {
            key.description.kid: private_key_of(key.secret)
            for key in bundle.keys
            if key.description.kind is KeyKind.P256
        }
        self._secrets = {
            key.description.kid: key.secret for key in bundle.keys if key.description.kind is not KeyKind.P256
        }

        self._cbc: dict[str, Callable[[bytes], bytes]] = {}  # masters with their key schedules, made when first asked

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._descriptions)} keys>"

    def unvalidated(self) -> Sequence[Unvalidated]:
        """All of it."""
        return [Unvalidated(SEALED_FILE)]

    @property
    def ca_certificate(self) -> bytes:
        """The card CA's own certificate, DER."""
        return self._ca_certificate

    def records(self) -> Mapping[str, bytes]:
        """The records of the file."""
        return self._records

    def descriptions(self) -> Sequence[KeyDescription]:
        """Every key of the file."""
        return self._descriptions

    def attributes(self, key: KeyDescription) -> Mapping[str, object]:  # noqa: ARG002 - the same of all
        """That it has none."""
        return IN_SOFTWARE

    def verifying_point(self, key: KeyDescription) -> bytes:
        """The uncompressed point of a signing key."""
        return point_of(self._signing_key(key))

    def sign_es256(self, key: KeyDescription, message: bytes) -> bytes:
        """ECDSA P-256 with SHA-256; raw r|s."""
        return raw_signature(self._signing_key(key).sign(message, _ES256))

    def derive(self, master: KeyDescription, diversification: Diversification) -> StaticKey:
        """One static key of one card."""
        encrypt = self._cbc.get(master.kid)
        if encrypt is None:
            encrypt = self._cbc[master.kid] = aes_cbc_function(self._secret(master))
        return StaticKey(diversification.length, diversified_key(self._secret(master), diversification, encrypt))

    def cmac_function(self, key: StaticKey) -> Callable[[bytes], bytes]:
        """AES-CMAC under a static key."""
        return aes_cmac_function(_opened(key))

    def check_value(self, key: StaticKey | KeyDescription) -> bytes:
        """KCV of a static key or of a master."""
        return key_check_value(_opened(key) if isinstance(key, StaticKey) else self._secret(key))

    def wrap(self, key: StaticKey, under: StaticKey) -> bytes:
        """The static key for PUT KEY, encrypted under another."""
        padding = self._randomness(-key.length % BLOCK_LENGTH)
        return aes_cbc_zero_iv(_opened(under), padding + _opened(key))

    def discard(self, key: StaticKey) -> None:
        """Nothing to do: the bytes go with the handle."""

    def new_data_key(self, key: KeyDescription) -> tuple[bytes, bytes]:
        """A data key, and the same wrapped by AES-KW."""
        data_key = self._randomness(DATA_KEY_LENGTH)
        return data_key, aes_key_wrap(self._secret(key), data_key)

    def unwrapped_data_key(self, key: KeyDescription, wrapped: bytes) -> bytes:
        """The data key in wrapped bytes."""
        try:
            return aes_key_unwrap(self._secret(key), wrapped)
        except (InvalidUnwrap, ValueError):
            raise UnsealRefused(rule="wrapped data key") from None

    def hmac(self, key: KeyDescription, message: bytes) -> bytes:
        """HMAC-SHA-256."""
        return hmac.digest(self._secret(key), message, hashlib.sha256)

    def _signing_key(self, key: KeyDescription) -> ec.EllipticCurvePrivateKey:
        try:
            return self._signing[key.kid]
        except KeyError:
            raise KeyNotFound(purpose=str(key.purpose), version=key.version, sector=key.sector) from None

    def _secret(self, key: KeyDescription) -> bytes:
        try:
            return self._secrets[key.kid]
        except KeyError:
            raise KeyNotFound(purpose=str(key.purpose), version=key.version, sector=key.sector) from None


def _opened(key: StaticKey) -> bytes:
    assert isinstance(key.handle, bytes), "a static key of another store"
    return key.handle
