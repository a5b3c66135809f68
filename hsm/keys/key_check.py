# SPDX-License-Identifier: Apache-2.0
"""Check values: short public values by which a key is recognised wherever it turns up, and which tell nothing else about it.

| kind | check value |
|---|---|
| P-256 | SHA-256 of the uncompressed point, 32 bytes |
| AES | KCV: first 3 bytes of AES-ECB(key, 01 x 16) (Amendment D, 7.2.2) |
| HMAC | first 8 bytes of HMAC-SHA-256(key, ``KJS-KEY-CHECK-1``) |
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsm.algorithms.block_cipher import key_check_value
from hsm.keys.key_store import KeyKind

HMAC_CHECK_MESSAGE = b"KJS-KEY-CHECK-1"
HMAC_CHECK_LENGTH = 8


def check_value_of_point(point: bytes) -> bytes:
    """Of a signing key, by its public half."""
    return hashlib.sha256(point).digest()


def check_value_of_secret(kind: KeyKind, secret: bytes) -> bytes:
    """Of any key whose secret is at hand."""
    match kind:
        case KeyKind.P256:
            return check_value_of_point(point_of(private_key_of(secret)))
        case KeyKind.AES:
            return key_check_value(secret)
        case KeyKind.HMAC_SHA256:
            return hmac.digest(secret, HMAC_CHECK_MESSAGE, hashlib.sha256)[:HMAC_CHECK_LENGTH]


def private_key_of(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of a 32-byte scalar."""
    return ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1())


def point_of(private: ec.EllipticCurvePrivateKey) -> bytes:
    """The uncompressed public point, 65 bytes."""
    return point_of_public(private.public_key())


def point_of_public(public: ec.EllipticCurvePublicKey) -> bytes:
    """The same of a public key at hand."""
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
