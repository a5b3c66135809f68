# SPDX-License-Identifier: Apache-2.0
"""An officer's private key: P-256 in an encrypted PEM (PKCS#8) that only its owner can read. A smart card may take its place one day."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hsm.algorithms.es256 import raw_signature
from hsm.errors import OfficerRefused
from hsm.machine.protected_file import create_protected, read_protected

MAX_LENGTH = 4096
_ES256 = ec.ECDSA(SHA256())


def make_officer_key(path: Path, passphrase: bytearray) -> bytes:
    """A new key in a new file; its point, uncompressed. Raises KeyFileExists."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(bytes(passphrase)))
    create_protected(path, pem)
    return _point(key)


class OfficerKey:
    """An opened key; its representation shows nothing."""

    def __init__(self, name: str, path: Path, passphrase: bytearray) -> None:
        """Raises KeyFileMissing, KeyFileUnprotected or OfficerRefused."""
        self.name = name
        try:
            key = load_pem_private_key(read_protected(path, MAX_LENGTH), bytes(passphrase))
        except (ValueError, TypeError):
            raise OfficerRefused(name=name, rule="an encrypted PEM and its passphrase") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise OfficerRefused(name=name, rule="a key on P-256")
        self._key = key

    @property
    def point(self) -> bytes:
        """The public half, uncompressed, 65 bytes."""
        return _point(self._key)

    def sign(self, statement: bytes) -> bytes:
        """ES256 over a statement, raw r|s."""
        return raw_signature(self._key.sign(statement, _ES256))


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
