# SPDX-License-Identifier: Apache-2.0
"""JWK thumbprints (RFC 7638) of P-256 keys: the name of a card key in ``cnf``, and where the kid of a signing key comes from."""

import hashlib

from cardservice.credentials import base64url, p256

KID_LENGTH = 8  # bytes of the thumbprint that name a signing key (decision 0030)


def digest(point: bytes) -> bytes:
    """SHA-256 of the required members of the JWK in their one order, 32 bytes. Raises KeyMalformed for a bad point."""
    p256.public_key(point)
    x, y = base64url.encode(point[1:33]), base64url.encode(point[33:])
    return hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode("ascii")).digest()


def thumbprint(point: bytes) -> str:
    """The thumbprint as ``cnf`` carries it (``jkt``): 43 characters of base64url."""
    return base64url.encode(digest(point))


def kid(point: bytes) -> str:
    """The name of a signing key in JOSE: its first 8 bytes, 11 characters."""
    return base64url.encode(digest(point)[:KID_LENGTH])


def cose_kid(name: str) -> bytes | None:
    """The same name in COSE: the 8 bytes themselves; None if it isn't one of our names."""
    value = base64url.decode(name)
    return value if value is not None and len(value) == KID_LENGTH else None
