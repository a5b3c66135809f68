# SPDX-License-Identifier: Apache-2.0
"""Compact JWS (RFC 7515) and JWT (RFC 7519), verified as RFC 8725 asks. The one module that imports ``jwt``.

PyJWT alone accepts keys marked for encryption and is lenient in other places; every rule it does not have stands here, before it is asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import jwt

from cardservice.credentials import base64url, jwk, p256
from cardservice.credentials.errors import (
    KeyMalformed,
    TokenClaimsRefused,
    TokenExpired,
    TokenHeaderRefused,
    TokenKeyUnknown,
    TokenMalformed,
    TokenNotYetValid,
    TokenSignatureInvalid,
)
from cardservice.credentials.strict_json import NotStrictJson, decode_object, encode_object
from cardservice.keys import AwaitedSigner, Signer, VerifyingKey

MAX_LENGTH = (
    8 * 1024
)  # characters; the longest token of ours is below 1 kB, and parsing is paid before anything is proven
MAX_SKEW = 60  # seconds that iat may lie ahead of our clock
HEADER_MEMBERS = frozenset(
    {"alg", "typ", "kid"}
)  # no jwk, jku, x5c, x5u, crit, b64 or zip: nothing that brings its own key or rules
REQUIRED_CLAIMS = frozenset({"iss", "aud", "exp", "iat", "jti"})
_MAX_SECONDS = 1 << 40

_ALGORITHMS = (
    *("HS256", "HS384", "HS512"),
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
)
# One engine an algorithm: an engine that knows a single algorithm can't be talked into another one.
_ENGINES = {algorithm: jwt.PyJWS(algorithms=[algorithm]) for algorithm in _ALGORITHMS}


Key = TypeVar("Key")
Name = TypeVar("Name", str, str | None)


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """A JWS whose signature holds: the header, whose members are all known, and the payload."""

    header: Mapping[str, str]
    payload: bytes


def verify_jws(jws: str, key: Mapping[str, Any]) -> VerifiedJws:
    """Verify a compact JWS under one JWK. Raises TokenRefused or KeyRefused."""
    return _verify(jws, jwk.parse(key))


def verify_jws_with_key_set(jws: str, key_set: Mapping[str, Any]) -> VerifiedJws:
    """Verify a compact JWS under the key of a JWK set (RFC 7517, 5) that its kid names. Raises TokenRefused or KeyRefused.

    A set with a bad key, one name twice, or symmetric beside public keys is refused whole.
    """
    members = key_set.get("keys")
    if not isinstance(members, list) or not all(isinstance(member, Mapping) for member in members):
        raise KeyMalformed(rule="keys is a list of keys")
    keys = [jwk.parse(member) for member in members]
    if len({key.is_symmetric for key in keys}) > 1:
        raise KeyMalformed(rule="symmetric and public keys don't mix")
    return _verify(jws, _named(_read_header(_split(jws)[0]), {key.kid: key for key in keys}, len(keys)))


def sign_token(signer: Signer, *, typ: str, claims: Mapping[str, Any]) -> str:
    """Sign claims as a compact JWT, ES256. Raises whatever the signer raises; what it is given to read is the JWS signing input."""
    signing_input = _signing_input(signer.verifying_key.kid, typ, claims)
    return _compact(signing_input, signer.sign(signing_input))


async def sign_token_awaiting(signer: AwaitedSigner, *, typ: str, claims: Mapping[str, Any]) -> str:
    """``sign_token`` for tasks of an event loop."""
    signing_input = _signing_input((await signer.verifying_key()).kid, typ, claims)
    return _compact(signing_input, await signer.sign(signing_input))


def _signing_input(kid: str, typ: str, claims: Mapping[str, Any]) -> bytes:
    """RFC 7515, 5.1."""
    header = {"alg": "ES256", "kid": kid, "typ": typ}
    return f"{base64url.encode(encode_object(header))}.{base64url.encode(encode_object(dict(claims)))}".encode("ascii")


def _compact(signing_input: bytes, signature: bytes) -> str:
    """The compact serialization (RFC 7515, 7.1). Raises SignatureMisshapen."""
    return f"{signing_input.decode('ascii')}.{base64url.encode(p256.demand_shape(signature))}"


def verify_token(
    token: str,
    *,
    typ: str,
    keys: Iterable[VerifyingKey],
    issuer: str,
    audience: str,
    now: datetime,
    max_life: timedelta,
) -> dict[str, Any]:
    """Verify a JWT of one kind and return its claims. Raises TokenRefused or KeyRefused, and nothing else.

    Steps: 1 limits and form, 2 header, 3 key, 4 signature, 5 claims. Times are whole seconds; ``now`` is aware.
    """
    claims = verify_claims(token, typ=typ, keys=keys)
    # 5. The claims.
    _require_claims(claims, issuer=issuer, audience=audience, now=now, max_life=max_life)
    return claims


def verify_claims(token: str, *, typ: str, keys: Iterable[VerifyingKey]) -> dict[str, Any]:
    """Steps 1 to 4 of verify_token(): the claims of a JWT of one kind, whoever it is for and whenever. Raises TokenRefused or KeyRefused."""
    held = list(keys)
    # 1.-2. Form and header, all three members, the type pinned (RFC 8725, 3.11).
    header = _read_header(_split(token)[0])
    if header.keys() != HEADER_MEMBERS:
        raise TokenHeaderRefused(rule="alg, typ and kid")
    if header["alg"] != "ES256":
        raise TokenHeaderRefused(rule="alg is ES256")
    if header["typ"] != typ:
        raise TokenHeaderRefused(rule=f"typ is {typ}")
    # 3. The key by its exact name, out of those given.
    key = _named(header, {key.kid: key for key in held}, len(held))
    # 4. The signature.
    verified = _verify(token, _signature_key(key))
    try:
        return decode_object(verified.payload)
    except NotStrictJson as broken:
        raise TokenMalformed(rule=f"claims: {broken.rule}") from None


def _verify(jws: str, key: jwk.SignatureKey) -> VerifiedJws:
    encoded_header, encoded_payload, encoded_signature = _split(jws)
    header = _read_header(encoded_header)
    algorithm = header["alg"]
    if algorithm not in key.algorithms or algorithm not in _ENGINES:
        raise TokenHeaderRefused(rule="alg is the key's")
    if "kid" in header and key.kid is not None and header["kid"] != key.kid:
        raise TokenKeyUnknown(rule="kid is the key's")
    payload = base64url.decode(encoded_payload)
    if payload is None or base64url.decode(encoded_signature) is None:
        raise TokenMalformed(rule="base64url without padding, one spelling")
    try:
        _ENGINES[algorithm].decode_complete(jws, key=key.key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenSignatureInvalid from None
    return VerifiedJws(header, payload)


def _split(jws: str) -> tuple[str, str, str]:
    if len(jws) > MAX_LENGTH:
        raise TokenMalformed(rule=f"at most {MAX_LENGTH} characters")
    parts = jws.split(".")
    if len(parts) != 3:
        raise TokenMalformed(rule="three parts")
    return parts[0], parts[1], parts[2]


def _read_header(encoded: str) -> dict[str, str]:
    value = base64url.decode(encoded)
    if value is None:
        raise TokenMalformed(rule="base64url without padding, one spelling")
    try:
        header = decode_object(value)
    except NotStrictJson as broken:
        raise TokenMalformed(rule=f"header: {broken.rule}") from None
    if not header.keys() <= HEADER_MEMBERS or "alg" not in header:
        raise TokenHeaderRefused(rule="alg, and no member but alg, typ and kid")
    if not all(type(value) is str for value in header.values()):
        raise TokenHeaderRefused(rule="members are texts")
    return header


def _named(header: Mapping[str, str], keys: Mapping[Name, Key], count: int) -> Key:
    if len(keys) != count:
        raise KeyMalformed(rule="each kid once in a key set")
    key = keys.get(header["kid"]) if "kid" in header else None
    if key is None:
        raise TokenKeyUnknown(rule="kid names a key we hold")
    return key


@lru_cache(maxsize=64)
def _signature_key(key: VerifyingKey) -> jwk.SignatureKey:
    return jwk.SignatureKey(frozenset({"ES256"}), key.kid, p256.public_key(key.point))


def _require_claims(
    claims: Mapping[str, Any], *, issuer: str, audience: str, now: datetime, max_life: timedelta
) -> None:
    if not claims.keys() >= REQUIRED_CLAIMS:
        raise TokenClaimsRefused(rule="iss, aud, exp, iat and jti are there")
    if claims["iss"] != issuer:
        raise TokenClaimsRefused(rule="iss is the expected issuer")
    if claims["aud"] != audience:
        raise TokenClaimsRefused(rule="aud is this audience and no other")
    if type(claims["jti"]) is not str or not 0 < len(claims["jti"]) <= 128:
        raise TokenClaimsRefused(rule="jti is a text")
    issued, expires = claims["iat"], claims["exp"]
    if not all(type(value) is int and 0 < value < _MAX_SECONDS for value in (issued, expires)):
        raise TokenClaimsRefused(rule="iat and exp are whole seconds")
    if not 0 < expires - issued <= max_life.total_seconds():
        raise TokenClaimsRefused(rule=f"exp is at most {int(max_life.total_seconds())} seconds after iat")
    moment = now.timestamp()
    if issued > moment + MAX_SKEW:
        raise TokenNotYetValid(seconds_early=int(issued - moment))
    if expires <= moment:
        raise TokenExpired(seconds_late=int(moment - expires))
