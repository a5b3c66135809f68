# SPDX-License-Identifier: Apache-2.0
"""The key sets that verifiers cache (RFC 7517, 5): one of the live token keys, one of the cover proof keys."""

from collections.abc import Iterable

from cardservice.credentials import base64url, jwk, p256, thumbprint
from cardservice.credentials.errors import KeyMalformed
from cardservice.credentials.strict_json import NotStrictJson, decode_object, encode_object
from cardservice.keys import VerifyingKey

MEDIA_TYPE = "application/jwk-set+json"
MAX_LENGTH = 64 * 1024  # bytes of a key set that we read back
MAX_KEYS = 64
_MEMBERS = frozenset({"kty", "crv", "x", "y", "kid", "use", "alg"})


def to_jwk(key: VerifyingKey) -> dict[str, str]:
    """The public JWK of one signing key. Raises KeyMalformed for a bad point."""
    p256.public_key(key.point)
    x, y = base64url.encode(key.point[1:33]), base64url.encode(key.point[33:])
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": key.kid, "use": "sig", "alg": "ES256"}


def key_set(keys: Iterable[VerifyingKey]) -> dict[str, list[dict[str, str]]]:
    """The JWK set of these keys, in the order given. Raises KeyMalformed where a name is twice in it."""
    members = [to_jwk(key) for key in keys]
    if len({member["kid"] for member in members}) != len(members):
        raise KeyMalformed(rule="each kid once in a key set")
    return {"keys": members}


def encode(keys: Iterable[VerifyingKey]) -> bytes:
    """The JWK set as the bytes of a file or response."""
    return encode_object(dict(key_set(keys)))


def decode(document: bytes) -> list[VerifyingKey]:
    """Read a JWK set of ours back, as an offline verifier does. Raises KeyRefused.

    Every key must be public, P-256, for ES256 signatures, and bear the name that follows from it; the set is refused whole otherwise.
    """
    if len(document) > MAX_LENGTH:
        raise KeyMalformed(rule=f"a key set of at most {MAX_LENGTH} bytes")
    try:
        members = decode_object(document).get("keys")
    except NotStrictJson as broken:
        raise KeyMalformed(rule=f"key set: {broken.rule}") from None
    if type(members) is not list or len(members) > MAX_KEYS:
        raise KeyMalformed(rule=f"keys is a list of at most {MAX_KEYS} keys")
    keys = [_read(member) for member in members]
    if len({key.kid for key in keys}) != len(keys):
        raise KeyMalformed(rule="each kid once in a key set")
    return keys


def _read(member: object) -> VerifyingKey:
    if type(member) is not dict or set(member) != _MEMBERS:
        raise KeyMalformed(rule="exactly kty, crv, x, y, kid, use and alg")
    key = jwk.parse(member)
    if key.algorithms != {"ES256"} or key.kid is None:
        raise KeyMalformed(rule="a P-256 key for ES256")
    x, y = base64url.decode(member["x"]), base64url.decode(member["y"])
    assert x is not None  # jwk.parse has read both
    assert y is not None
    point = b"\x04" + x + y
    if key.kid != thumbprint.kid(point):
        raise KeyMalformed(rule="kid is the first 8 bytes of the key's thumbprint")
    return VerifyingKey(key.kid, point)
