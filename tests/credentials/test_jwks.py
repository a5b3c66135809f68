# SPDX-License-Identifier: Apache-2.0
"""Key sets: two live keys out, the same two back, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from cardservice.credentials import jwks, thumbprint
from cardservice.credentials.errors import KeyMalformed, KeyRefused
from cardservice.keys import VerifyingKey
from tests.credentials.signing import NEXT_TOKEN_SIGNER, STRANGER, TOKEN_SIGNER, MemorySigner

_KEYS = [TOKEN_SIGNER.verifying_key, NEXT_TOKEN_SIGNER.verifying_key]


def test_two_live_keys_read_back() -> None:
    assert jwks.decode(jwks.encode(_KEYS)) == _KEYS
    assert jwks.decode(jwks.encode([])) == []


@given(st.integers(1, 1 << 250))
def test_thumbprint_and_kid_agree_with_another_library(secret: int) -> None:
    key = MemorySigner(secret)
    theirs = ECKey.import_key(key.private_key.public_key()).thumbprint()
    assert thumbprint.thumbprint(key.verifying_key.point) == theirs
    assert theirs.startswith(key.verifying_key.kid[:-1])
    assert len(thumbprint.cose_kid(key.verifying_key.kid) or b"") == 8


def test_no_private_member_leaves() -> None:
    for member in jwks.key_set(_KEYS)["keys"]:
        assert set(member) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert (member["use"], member["alg"]) == ("sig", "ES256")


def test_one_name_twice_is_refused() -> None:
    with pytest.raises(KeyMalformed):
        jwks.encode([_KEYS[0], VerifyingKey(_KEYS[0].kid, STRANGER.verifying_key.point)])


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"alg": None},
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"kid": STRANGER.verifying_key.kid},
        {"kid": 5},
        {"y": jwks.to_jwk(STRANGER.verifying_key)["y"]},
        {"x": "AAAA"},
        {"d": "AQ"},
        {"x5u": "https://evil.example"},
    ],
)
def test_a_member_that_is_changed_is_refused(change: dict[str, Any]) -> None:
    first, second = jwks.key_set(_KEYS)["keys"]
    with pytest.raises(KeyRefused):
        jwks.decode(json.dumps({"keys": [{**first, **change}, second]}).encode())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"[]",
        b'{"keys":{}}',
        b'{"keys":[1]}',
        b'{"keys":[],"keys":[]}',
        b" " * 70_000,
        b'{"keys":[' * 50_000,
        b"\xff",
    ],
)
def test_other_documents_are_refused(document: bytes) -> None:
    with pytest.raises(KeyMalformed):
        jwks.decode(document)


@given(st.integers(0, 8 * len(jwks.encode(_KEYS)) - 1))
def test_no_flipped_bit_brings_another_key_in(position: int) -> None:
    octets = bytearray(jwks.encode(_KEYS))
    octets[position // 8] ^= 1 << position % 8
    try:
        keys = jwks.decode(bytes(octets))
    except KeyRefused:
        return
    assert keys == _KEYS


def test_too_many_keys_are_refused() -> None:
    member = jwks.to_jwk(_KEYS[0])
    with pytest.raises(KeyMalformed):
        jwks.decode(json.dumps({"keys": [member] * 65}).encode())
