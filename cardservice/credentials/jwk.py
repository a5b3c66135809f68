# SPDX-License-Identifier: Apache-2.0
"""A JWK (RFC 7517, 7518) as a key that may verify signatures: which algorithms, which name, and the key itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cardservice.credentials import base64url
from cardservice.credentials.errors import KeyMalformed, KeyWeak
from cardservice.credentials.roca import is_roca

MIN_RSA_BITS = 2048  # RFC 7518, 3.3
MAX_RSA_BITS = 8192  # beyond it a verification costs more than any caller may ask of us
MAX_RSA_EXPONENT = (1 << 32) - 1

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES: dict[str, tuple[type[ec.EllipticCurve], int, str]] = {
    "P-256": (ec.SECP256R1, 32, "ES256"),
    "P-384": (ec.SECP384R1, 48, "ES384"),
    "P-521": (ec.SECP521R1, 66, "ES512"),
}
_RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_HMAC_KEY_LENGTHS = {"HS256": 32, "HS384": 48, "HS512": 64}  # RFC 7518, 3.2: at least the length of the hash

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | bytes


@dataclass(frozen=True, slots=True)
class SignatureKey:
    """A key and the algorithms it may verify: one, where the JWK pins it, else those of its type."""

    algorithms: frozenset[str]
    kid: str | None
    key: PublicKey = field(repr=False)

    @property
    def is_symmetric(self) -> bool:
        """Whether this key could sign as well as verify."""
        return isinstance(self.key, bytes)


def parse(jwk: Mapping[str, Any]) -> SignatureKey:
    """Read one JWK. Raises KeyMalformed or KeyWeak."""
    kty = jwk.get("kty")
    readers = {"EC": _elliptic_curve, "RSA": _rsa, "oct": _symmetric}
    if not isinstance(kty, str) or kty not in readers:
        raise KeyMalformed(rule="kty is EC, RSA or oct")
    _require_signature_use(jwk)
    key, algorithms = readers[kty](jwk)
    if "alg" in jwk:
        pinned = jwk["alg"]
        if not isinstance(pinned, str) or pinned not in algorithms:
            raise KeyMalformed(rule="alg is a signature algorithm of this kind of key")
        algorithms = frozenset({pinned})
    if isinstance(key, bytes):
        algorithms = frozenset(name for name in algorithms if len(key) >= _HMAC_KEY_LENGTHS[name])
        if not algorithms:
            raise KeyWeak(rule="an HMAC key is as long as its hash (RFC 7518, 3.2)")
    kid = jwk.get("kid")
    if "kid" in jwk and (not isinstance(kid, str) or not 0 < len(kid) <= 256):
        raise KeyMalformed(rule="kid is a text")
    return SignatureKey(algorithms, kid, key)


def _require_signature_use(jwk: Mapping[str, Any]) -> None:
    """RFC 7517, 4.2 and 4.3: a key marked for anything else than verifying signatures is not ours to use."""
    if "use" in jwk and jwk["use"] != "sig":
        raise KeyMalformed(rule="use is sig")
    if "key_ops" in jwk:
        operations = jwk["key_ops"]
        if not isinstance(operations, list) or not all(isinstance(operation, str) for operation in operations):
            raise KeyMalformed(rule="key_ops is a list of texts")
        if "verify" not in operations or len(set(operations)) != len(operations):
            raise KeyMalformed(rule="key_ops has verify, and nothing twice")


def _elliptic_curve(jwk: Mapping[str, Any]) -> tuple[PublicKey, frozenset[str]]:
    _refuse_private(jwk)
    crv = jwk.get("crv")
    if not isinstance(crv, str) or crv not in _CURVES:
        raise KeyMalformed(rule="crv is P-256, P-384 or P-521")
    curve, length, algorithm = _CURVES[crv]
    x, y = _octets(jwk, "x"), _octets(jwk, "y")
    # RFC 7518, 6.2.1.2: the full size of a coordinate, leading zeros included.
    if len(x) != length or len(y) != length:
        raise KeyMalformed(rule=f"coordinates of {length} bytes")
    try:
        key = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve()).public_key()
    except ValueError:
        raise KeyMalformed(rule=f"a point on {crv}") from None
    return key, frozenset({algorithm})


def _rsa(jwk: Mapping[str, Any]) -> tuple[PublicKey, frozenset[str]]:
    _refuse_private(jwk)
    n, e = _number(jwk, "n"), _number(jwk, "e")
    if not MIN_RSA_BITS <= n.bit_length() <= MAX_RSA_BITS:
        raise KeyWeak(rule=f"an RSA modulus of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
    if e < 3 or e % 2 == 0 or e > MAX_RSA_EXPONENT:
        raise KeyWeak(rule="an odd RSA exponent from 3 to 2^32 - 1")
    if is_roca(n):
        raise KeyWeak(rule="not a key of CVE-2017-15361 (ROCA)")
    try:
        return rsa.RSAPublicNumbers(e, n).public_key(), _RSA_ALGORITHMS
    except ValueError:
        raise KeyMalformed(rule="an RSA public key") from None


def _symmetric(jwk: Mapping[str, Any]) -> tuple[PublicKey, frozenset[str]]:
    key = _octets(jwk, "k")
    if _is_one_octet_repeated(key):
        raise KeyWeak(rule="an HMAC key is not one octet repeated")
    return key, frozenset(_HMAC_KEY_LENGTHS)


def _is_one_octet_repeated(key: bytes) -> bool:
    """Memory that nobody filled (CVE-2020-13777 was such a key), and anyone's first guess."""
    return len(set(key)) <= 1


def _refuse_private(jwk: Mapping[str, Any]) -> None:
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise KeyMalformed(rule="no private members in a public key")


def _octets(jwk: Mapping[str, Any], member: str) -> bytes:
    text = jwk.get(member)
    value = base64url.decode(text) if isinstance(text, str) else None
    if value is None:
        raise KeyMalformed(rule=f"{member} is base64url")
    return value


def _number(jwk: Mapping[str, Any], member: str) -> int:
    """RFC 7518, 2: Base64urlUInt, with the least octets that hold the number."""
    value = _octets(jwk, member)
    if not value or value[0] == 0:
        raise KeyMalformed(rule=f"{member} has no leading zero octet")
    return int.from_bytes(value)
