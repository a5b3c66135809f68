# SPDX-License-Identifier: Apache-2.0
"""P-256 public keys as cards send them: uncompressed points of 65 bytes (SEC 1, 2.3.3)."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from cardservice.card_edge.errors import UnexpectedResponse

POINT_LENGTH = 65
UNCOMPRESSED = 0x04


@lru_cache(maxsize=1024)  # one dialogue meets each of its card's keys four times, and each check of a point costs
def public_key(point: bytes) -> EllipticCurvePublicKey:
    """The key of a point. Raises UnexpectedResponse for another form and for a point that is not on the curve."""
    if len(point) != POINT_LENGTH or point[0] != UNCOMPRESSED:
        raise UnexpectedResponse(step="public key", rule="an uncompressed point of 65 bytes")
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        raise UnexpectedResponse(step="public key", rule="a point on P-256") from None


def checked_point(point: bytes) -> bytes:
    """The point itself, once it is known to lie on the curve. Raises UnexpectedResponse."""
    public_key(point)
    return point
