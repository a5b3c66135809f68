# SPDX-License-Identifier: Apache-2.0
"""A private key that cryptography can use and nobody here holds: each signature is asked of a ``keys.Signer``."""

from collections.abc import Mapping
from typing import Any, NoReturn, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, KeySerializationEncryption, PrivateFormat

from cardservice.credentials import p256
from cardservice.credentials.errors import KeyMalformed
from cardservice.keys import Signer


class RemoteP256Key(ec.EllipticCurvePrivateKey):
    """Signs by ECDSA P-256 with SHA-256 through its signer; everything else a private key could do is refused."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._public_key = p256.public_key(signer.verifying_key.point)

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """DER ECDSA-Sig-Value over the whole document; the signer reads it before it signs."""
        if not isinstance(signature_algorithm, ec.ECDSA) or not isinstance(
            signature_algorithm.algorithm, hashes.SHA256
        ):
            raise KeyMalformed(rule="signatures are ECDSA with SHA-256")
        return p256.to_der(p256.sign(self._signer, bytes(data)))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        """256 bits."""
        return self._public_key.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:  # noqa: ARG002 - its interface
        """Refused: this key signs."""
        raise KeyMalformed(rule="a signing key agrees on nothing")

    def private_numbers(self) -> NoReturn:
        """Refused: the key is elsewhere."""
        raise KeyMalformed(rule="the private key is elsewhere")

    def private_bytes(
        self,
        encoding: Encoding,  # noqa: ARG002 - its interface
        format: PrivateFormat,  # noqa: A002, ARG002 - its interface
        encryption_algorithm: KeySerializationEncryption,  # noqa: ARG002 - its interface
    ) -> NoReturn:
        """Refused: the key is elsewhere."""
        raise KeyMalformed(rule="the private key is elsewhere")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Self:
        return self
