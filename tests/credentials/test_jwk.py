# SPDX-License-Identifier: Apache-2.0
"""Which keys may verify, and which sets of them."""

import secrets
from collections.abc import Callable
from math import prod
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from cardservice.credentials import base64url, jose, jwk, roca
from cardservice.credentials.errors import CredentialError, KeyMalformed, KeyWeak, TokenHeaderRefused, TokenKeyUnknown

_PAYLOAD = b"foo"
_RSA = rsa.generate_private_key(65537, 2048)
_CURVES: dict[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
_HMAC_LENGTHS = {"HS256": 32, "HS384": 48, "HS512": 64}
_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_ALL = (*_CURVES, *_HMAC_LENGTHS, *_RSA_ALGORITHMS)


def _number(value: int) -> str:
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8))


def _signed(algorithm: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A JWS by joserfc, and the JWK that verifies it."""
    key: Any
    if algorithm in _CURVES:
        private = ec.generate_private_key(_CURVES[algorithm])
        key = ECKey.import_key(private)
    elif algorithm in _HMAC_LENGTHS:
        key = OctKey.import_key(secrets.token_bytes(_HMAC_LENGTHS[algorithm]))
    else:
        key = RSAKey.import_key(_RSA)
    header = {"alg": algorithm, **({"kid": more["kid"]} if "kid" in more else {})}
    token = joserfc_jws.serialize_compact(header, _PAYLOAD, key, algorithms=[algorithm])
    return token, {**key.as_dict(private=algorithm in _HMAC_LENGTHS), "alg": algorithm, **more}


@pytest.mark.parametrize("algorithm", _ALL)
def test_what_another_library_signs_is_accepted(algorithm: str) -> None:
    token, key = _signed(algorithm, kid="a", use="sig", key_ops=["verify"])
    assert jose.verify_jws(token, key).payload == _PAYLOAD
    # Neither alg nor kid nor use on the key: its type decides.
    bare = {name: value for name, value in key.items() if name not in {"alg", "kid", "use", "key_ops"}}
    assert jose.verify_jws(token, bare).header == {"alg": algorithm, "kid": "a"}


@pytest.mark.parametrize("algorithm", _ALL)
@pytest.mark.parametrize("other", _ALL)
def test_a_key_pinned_to_one_algorithm_verifies_no_other(algorithm: str, other: str) -> None:
    if algorithm == other:
        return
    token, key = _signed(algorithm)
    with pytest.raises((KeyMalformed, KeyWeak, TokenHeaderRefused)):
        jose.verify_jws(token, {**key, "alg": other})


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "HS256"])
@pytest.mark.parametrize(
    "mark",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": ["verify", "verify"]},
        {"key_ops": ["verify", 1]},
        {"use": "sig", "key_ops": ["wrapKey"]},
        {"alg": "none"},
        {"alg": "ES521"},
        {"alg": "A256GCM"},
        {"alg": ["ES256"]},
        {"kid": 5},
        {"kty": "OKP"},
        {"kty": ["EC"]},
    ],
)
def test_a_key_marked_for_something_else_is_refused(algorithm: str, mark: dict[str, Any]) -> None:
    token, key = _signed(algorithm)
    with pytest.raises(KeyMalformed):
        jose.verify_jws(token, {**key, **mark})


def test_a_private_key_is_not_what_one_verifies_with() -> None:
    for private in (ECKey.generate_key("P-256").as_dict(private=True), RSAKey.import_key(_RSA).as_dict(private=True)):
        with pytest.raises(KeyMalformed, match="private"):
            jwk.parse(private)


def test_points_and_coordinates() -> None:
    _, key = _signed("ES256")
    x = base64url.decode(key["x"])
    assert x is not None
    for change in (
        {"y": base64url.encode(bytes(32))},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"x": base64url.encode(b"\0" + x)},
        {"x": base64url.encode(x[1:])},
        {"x": key["x"] + "="},
        {"x": key["x"][:-1] + " "},
        {"x": None},
        {"y": 7},
    ):
        with pytest.raises(KeyMalformed):
            jwk.parse({**key, **change})


def _roca_modulus() -> int:
    """2048 bits, odd, and modulo every small prime a power of 65537, as the product of two such primes is."""
    m = 2 * prod(p for p in range(3, 168) if all(p % q for q in range(2, p)))
    return pow(65537, 123_457, m) + m * ((1 << 2047) // m + 1 + secrets.randbits(512))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda _: {"n": _number(secrets.randbits(1024) | 1 << 1023 | 1)}, KeyWeak),
        (lambda _: {"e": _number(1)}, KeyWeak),
        (lambda _: {"e": _number(65536)}, KeyWeak),
        (lambda _: {"e": _number((1 << 40) + 1)}, KeyWeak),
        (lambda _: {"n": _number(_roca_modulus())}, KeyWeak),
        (lambda _: {"n": _number((1 << 8192) + 1)}, KeyWeak),
        (lambda key: {"n": base64url.encode(b"\0" + (base64url.decode(key["n"]) or b""))}, KeyMalformed),
        (lambda _: {"e": ""}, KeyMalformed),
    ],
)
def test_rsa_keys_that_can_be_broken(
    change: Callable[[dict[str, Any]], dict[str, Any]], refusal: type[CredentialError]
) -> None:
    _, key = _signed("RS256")
    with pytest.raises(refusal):
        jwk.parse({**key, **change(key)})


def test_roca_fingerprint_spares_sound_keys() -> None:
    assert not roca.is_roca(_RSA.public_key().public_numbers().n)
    assert all(not roca.is_roca(secrets.randbits(2048) | 1 << 2047 | 1) for _ in range(2000))


def test_sabotage_without_the_fingerprint_a_roca_key_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"kty": "RSA", "n": _number(_roca_modulus()), "e": "AQAB"}
    with pytest.raises(KeyWeak, match="ROCA"):
        jwk.parse(key)
    monkeypatch.setattr(jwk, "is_roca", lambda _: False)
    assert "RS256" in jwk.parse(key).algorithms


@pytest.mark.parametrize(("algorithm", "length"), _HMAC_LENGTHS.items())
def test_hmac_keys_are_as_long_as_their_hash_and_no_constant(algorithm: str, length: int) -> None:
    key = {"kty": "oct", "alg": algorithm}
    for more in (0, 1):
        assert jwk.parse({**key, "k": base64url.encode(secrets.token_bytes(length + more))}).algorithms == {algorithm}
    for weak in (secrets.token_bytes(length - 1), b"", bytes(length), b"\xff" * length):
        with pytest.raises(KeyWeak):
            jwk.parse({**key, "k": base64url.encode(weak)})


def test_a_key_set_picks_by_kid() -> None:
    token, key = _signed("ES256", kid="a")
    _, other = _signed("ES256", kid="b")
    assert jose.verify_jws_with_key_set(token, {"keys": [other, key]}).payload == _PAYLOAD
    with pytest.raises(TokenKeyUnknown):
        jose.verify_jws_with_key_set(token, {"keys": [other]})
    nameless, key = _signed("ES256")
    with pytest.raises(TokenKeyUnknown):
        jose.verify_jws_with_key_set(nameless, {"keys": [key]})


def test_a_key_set_with_one_bad_member_is_refused_whole() -> None:
    token, key = _signed("ES256", kid="a")
    _, other = _signed("ES256", kid="b")
    _, symmetric = _signed("HS256", kid="c")
    private = {**ECKey.generate_key("P-256").as_dict(private=True), "kid": "d"}
    for bad in (
        [key, symmetric],
        [key, private],
        [key, {**other, "kid": "a"}],
        [key, {**other, "use": "enc"}],
        [key, 5],
    ):
        with pytest.raises(KeyMalformed):
            jose.verify_jws_with_key_set(token, {"keys": bad})
    not_sets: list[dict[str, Any]] = [{}, {"keys": {}}, {"keys": None}]
    for not_a_set in not_sets:
        with pytest.raises(KeyMalformed):
            jose.verify_jws_with_key_set(token, not_a_set)
