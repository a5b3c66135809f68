# SPDX-License-Identifier: Apache-2.0
"""P-256 as the card does it: public points, signatures over a given hash, key agreement (FIPS 186-5; SP 800-56A, 5.7.1.2)."""

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from applets.virtual.errors import Refused
from cardservice.card_edge.status_word import StatusWord

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SCALAR = 32
POINT = 65
HASH = 32
_SIGN = ec.ECDSA(Prehashed(hashes.SHA256()))


def new_scalar(entropy: Callable[[int], bytes]) -> bytes:
    """A fresh private key, 32 bytes (FIPS 186-5, A.2.1: 64 extra bits, then modulo n - 1)."""
    wide = int.from_bytes(entropy(SCALAR + 8), "big")
    return (wide % (ORDER - 1) + 1).to_bytes(SCALAR, "big")


def public_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The uncompressed public point, 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sign_hash(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """DER(r, s) over a 32-byte hash."""
    return key.sign(digest, _SIGN)


def agree(key: ec.EllipticCurvePrivateKey, point: bytes) -> bytes:
    """The shared x coordinate, 32 bytes. Raises Refused(6A80) for a point that is not on the curve."""
    if len(point) != POINT or point[0] != 0x04:
        raise Refused(StatusWord.WRONG_DATA)
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Refused(StatusWord.WRONG_DATA) from None
    return key.exchange(ec.ECDH(), public)
