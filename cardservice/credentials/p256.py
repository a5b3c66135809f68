# SPDX-License-Identifier: Apache-2.0
"""P-256 points and signatures in the shapes we meet: uncompressed points, compressed points, raw r|s and DER (SEC 1, FIPS 186-5)."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.credentials.errors import KeyMalformed, SignatureMisshapen
from cardservice.keys import Signer

POINT_LENGTH = 65  # 04 | x(32) | y(32)
SIGNATURE_LENGTH = 64  # r(32) | s(32)
# SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING of 65 bytes }
_ON_P256 = bytes.fromhex("3059301306072A8648CE3D020106082A8648CE3D030107034200")
_ES256 = ec.ECDSA(hashes.SHA256())


@lru_cache(maxsize=4096)  # checking that a point is on the curve costs more than finding it here
def public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """The key of an uncompressed point of 65 bytes. Raises KeyMalformed: wrong form, not on the curve, infinity."""
    if len(point) != POINT_LENGTH or point[0] != 0x04:
        raise KeyMalformed(rule="an uncompressed P-256 point of 65 bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise KeyMalformed(rule="a point on P-256") from None


def subject_public_key_info(point: bytes) -> bytes:
    """SubjectPublicKeyInfo of an uncompressed point (RFC 5480, 2), in DER. Raises KeyMalformed."""
    public_key(point)
    return _ON_P256 + point


def decompress(x: bytes, *, y_is_odd: bool) -> bytes:
    """The uncompressed point of 65 bytes with this x and the parity of y. Raises KeyMalformed."""
    if len(x) != 32:
        raise KeyMalformed(rule="x of 32 bytes")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes([0x02 + y_is_odd]) + x)
    except ValueError:
        raise KeyMalformed(rule="a point on P-256") from None
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def verifies(point: bytes, document: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (raw r|s) is ES256 of the key at ``point`` over ``document``. Raises KeyMalformed for a bad point."""
    if len(signature) != SIGNATURE_LENGTH:
        return False
    try:
        public_key(point).verify(to_der(signature), document, _ES256)
    except InvalidSignature:
        return False
    return True


def verifies_der(point: bytes, document: bytes, signature: bytes) -> bool:
    """As ``verifies``, for a signature in DER as a PIV card gives it: the shortest encoding only."""
    try:
        r, s = decode_dss_signature(signature)
        if encode_dss_signature(r, s) != signature:
            return False
        public_key(point).verify(signature, document, _ES256)
    except (ValueError, InvalidSignature):
        return False
    return True


def to_der(signature: bytes) -> bytes:
    """Raw r|s to DER ECDSA-Sig-Value."""
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def sign(signer: Signer, document: bytes) -> bytes:
    """Ask ``signer`` for raw r|s over ``document``. Raises SignatureMisshapen, and whatever the signer raises."""
    return demand_shape(signer.sign(document))


def demand_shape(signature: bytes) -> bytes:
    """The raw signature itself. Raises SignatureMisshapen."""
    if len(signature) != SIGNATURE_LENGTH:
        raise SignatureMisshapen(length=len(signature))
    return signature
