# SPDX-License-Identifier: Apache-2.0
"""Names of keys (``kid``): base64url of the first 8 bytes of the RFC 7638 thumbprint; those 8 bytes are the COSE kid (decision 0030)."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

KID_LENGTH = 8  # bytes; 11 characters
POINT_LENGTH = 65  # 04 | x | y


def unpadded_base64url(value: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def jwk_thumbprint(point: bytes) -> bytes:
    """RFC 7638: SHA-256 over the required members of the P-256 JWK, in lexicographic order, without white space."""
    x, y = unpadded_base64url(point[1:33]), unpadded_base64url(point[33:])
    return hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()


def kid_of_point(point: bytes) -> str:
    """The name of a signing key."""
    return unpadded_base64url(jwk_thumbprint(point)[:KID_LENGTH])


def random_kid(randomness: Callable[[int], bytes]) -> str:
    """A secret key has no public half to be named after; any name of the same shape will do."""
    return unpadded_base64url(randomness(KID_LENGTH))


def cose_kid(kid: str) -> bytes:
    """The same name as COSE carries it: 8 bytes."""
    return urlsafe_b64decode(kid + "=")
