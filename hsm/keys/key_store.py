# SPDX-License-Identifier: Apache-2.0
"""The contract of a key back end, in verbs of the purpose: what a sealed file and a PKCS#11 token both can do.

Nothing here takes or gives a long-lived key. A ``StaticKey`` is a handle: in software it hides the bytes, in a token it is an
object that never leaves. Choosing the key, reading the document and counting requests are the caller's (``hsm/operations/key_operations.py``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cardservice.keys import ISSUER_SECTOR, Purpose
from hsm.algorithms.diversification import Diversification

DATA_KEY_LENGTH = 32  # bytes: AES-256
SEALED_FILE = "a sealed key file"


class KeyKind(StrEnum):
    """What a key is, mathematically."""

    P256 = "p-256"
    AES = "aes"
    HMAC_SHA256 = "hmac-sha-256"


@dataclass(frozen=True, slots=True)
class KeyDescription:
    """Everything about one key that is no secret.

    ``version`` of a master is its key version number on cards. From ``active_from`` until ``expires`` a key signs, seals and
    makes new cards; what it made before stays readable afterwards. ``kid`` names it (docs/decisions/0030). One that custody ended makes
    nothing new whatever the clock says: a clock that is put back gives it no second life (docs/decisions/0186).
    """

    purpose: Purpose
    version: int
    kid: str
    kind: KeyKind
    created: datetime
    active_from: datetime
    expires: datetime
    sector: int = ISSUER_SECTOR
    derived_length: int = 0  # masters: bytes of the static keys they give, 16, 24 or 32
    is_ended: bool = False

    def is_active(self, now: datetime) -> bool:
        """Whether the key may make something new at this moment."""
        return self.active_from <= now < self.expires and not self.is_ended

    def ended(self, now: datetime) -> "KeyDescription":
        """The same key after custody ended it, at ``now``, unless it had ended before."""
        if self.is_ended:
            return self
        return replace(self, expires=min(self.expires, now.replace(microsecond=0)), is_ended=True)


@dataclass(frozen=True, slots=True)
class Unvalidated:
    """A place of keys that no laboratory has looked at: which product, and if they are known, the folder where it keeps them and the file that says so.

    ``keeps_files``: the keys are files of that folder, so that in production it must be known.
    """

    product: str
    folder: Path | None = None
    settings: Path | None = None
    keeps_files: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class StaticKey:
    """A handle on one derived static card key; only the store that gave it can use it."""

    length: int
    handle: object = field(repr=False)


class KeyStore(Protocol):
    """What operations ask of a back end. Keys are named by the descriptions that the store itself lists."""

    @property
    def backend(self) -> str:
        """The kind of back end: ``software`` or ``pkcs11``."""
        ...

    def unvalidated(self) -> Sequence[Unvalidated]:
        """Of the places where the keys lie, those that are software."""
        ...

    @property
    def ca_certificate(self) -> bytes:
        """The card CA's own certificate, DER."""
        ...

    def records(self) -> Mapping[str, bytes]:
        """The public records that custody keeps beside the keys, as the back end vouches for them (``hsm/limits/officers.py``)."""
        ...

    def descriptions(self) -> Sequence[KeyDescription]:
        """Every key the store holds."""
        ...

    def attributes(self, key: KeyDescription) -> Mapping[str, object]:
        """What the place itself says of a key, read now: of a token its attributes (CKA_...), those too that are not as one would wish."""
        ...

    def verifying_point(self, key: KeyDescription) -> bytes:
        """The uncompressed P-256 point (65 bytes) of a signing key."""
        ...

    def sign_es256(self, key: KeyDescription, message: bytes) -> bytes:
        """ECDSA P-256 over SHA-256 of the message; raw r|s, 64 bytes (RFC 7518, 3.4)."""
        ...

    def derive(self, master: KeyDescription, diversification: Diversification) -> StaticKey:
        """One static key of one card."""
        ...

    def cmac_function(self, key: StaticKey) -> Callable[[bytes], bytes]:
        """AES-CMAC (SP 800-38B) under one key, for the several messages of one channel; 16 bytes each."""
        ...

    def check_value(self, key: StaticKey | KeyDescription) -> bytes:
        """KCV of an AES key: the first 3 bytes of AES-ECB(key, 01 x 16) (Amendment D, 7.2.2)."""
        ...

    def wrap(self, key: StaticKey, under: StaticKey) -> bytes:
        """AES-CBC(under, IV 0, key) for PUT KEY (Amendment D, 7.2); a 24-byte key has 8 arbitrary bytes before it. A token may raise WrapRefused for one."""
        ...

    def discard(self, key: StaticKey) -> None:
        """Forget a static key, wherever it lay; it can be derived again."""
        ...

    def new_data_key(self, key: KeyDescription) -> tuple[bytes, bytes]:
        """A random 32-byte data key for this process, and the same wrapped by the seal key, 40 bytes (AES-KW, RFC 3394)."""
        ...

    def unwrapped_data_key(self, key: KeyDescription, wrapped: bytes) -> bytes:
        """The data key in 40 wrapped bytes; raises UnsealRefused."""
        ...

    def hmac(self, key: KeyDescription, message: bytes) -> bytes:
        """HMAC-SHA-256, 32 bytes."""
        ...
