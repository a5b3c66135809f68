# SPDX-License-Identifier: Apache-2.0
"""A P-256 public key that a document vouches for: on the curve, and not one of our own."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def uncompressed_point(x: bytes, *, y_is_odd: bool) -> bytes | None:
    """The 65-byte point of a compressed one, or None where no such point is on the curve (SEC 1, 2.3.4)."""
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes([0x03 if y_is_odd else 0x02]) + x)
    except ValueError:
        return None
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
