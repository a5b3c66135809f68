# SPDX-License-Identifier: Apache-2.0
"""The eligibility token: what is issued, what is accepted, and every rule that refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, KeySet

from cardservice.credentials import base64url, eligibility_token, jose, jwks
from cardservice.credentials.eligibility_token import TYPE
from cardservice.credentials.errors import (
    CredentialError,
    KeyMalformed,
    KeyRefused,
    SignatureMisshapen,
    TokenClaimsRefused,
    TokenExpired,
    TokenHeaderRefused,
    TokenKeyUnknown,
    TokenMalformed,
    TokenNotYetValid,
    TokenRefused,
    TokenSignatureInvalid,
)
from cardservice.keys import VerifyingKey
from tests.credentials.signing import (
    AUDIENCE,
    ELIGIBILITY,
    ISSUER,
    NEXT_TOKEN_SIGNER,
    NOW,
    REFUSAL,
    STRANGER,
    TOKEN_SIGNER,
    MemorySigner,
    token,
    verify_token,
)

_KID = TOKEN_SIGNER.verifying_key.kid
_HEADER = {"alg": "ES256", "kid": _KID, "typ": TYPE}


def _hand_made(
    claims: Any = None,
    header: Any = None,
    *,
    signer: MemorySigner = TOKEN_SIGNER,
    encode: Callable[[Any], bytes] | None = None,
) -> str:
    """A token put together by hand, rightly signed."""
    write = encode or (lambda value: json.dumps(value).encode())
    parts = [
        base64url.encode(write(part))
        for part in (header or _HEADER, ELIGIBILITY.claims() if claims is None else claims)
    ]
    signing_input = ".".join(parts)
    return f"{signing_input}.{base64url.encode(signer.sign(signing_input.encode()))}"


@pytest.mark.parametrize(
    "claims", [ELIGIBILITY, REFUSAL, replace(ELIGIBILITY, sector=None, facility=None, until=None, assurance="CARD")]
)
@pytest.mark.parametrize("signer", [TOKEN_SIGNER, NEXT_TOKEN_SIGNER])
def test_what_is_issued_is_verified_under_either_live_key(
    claims: eligibility_token.EligibilityToken, signer: MemorySigner
) -> None:
    assert verify_token(token(claims, signer)) == claims


def test_what_the_signer_is_given_is_the_signing_input() -> None:
    signer = MemorySigner(77)
    issued = token(signer=signer)
    assert signer.documents == [issued.rpartition(".")[0].encode()]


def test_another_library_reads_it() -> None:
    keys = KeySet.import_key_set({"keys": [dict(jwks.to_jwk(TOKEN_SIGNER.verifying_key))]})
    decoded = joserfc_jwt.decode(token(), keys, algorithms=["ES256"])
    assert decoded.claims == ELIGIBILITY.claims()
    assert decoded.header == _HEADER


def test_what_another_library_signs_by_the_same_rules_is_accepted() -> None:
    key = ECKey.import_key(TOKEN_SIGNER.private_key)
    assert verify_token(joserfc_jwt.encode(dict(_HEADER), ELIGIBILITY.claims(), key)) == ELIGIBILITY


@given(st.integers(0, 8 * len(token()) - 1))
def test_any_flipped_bit_is_refused(position: int) -> None:
    octets = bytearray(token().encode())
    octets[position // 8] ^= 1 << position % 8
    with pytest.raises(TokenRefused):
        verify_token(octets.decode("latin-1"))


@given(st.one_of(st.text(max_size=200), st.lists(st.text("ab.-_=A9", max_size=20), max_size=5).map(".".join)))
def test_nothing_but_a_refusal_comes_of_strange_text(text: str) -> None:
    with pytest.raises(TokenRefused):
        verify_token(text)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([*sorted(ELIGIBILITY.claims()), "reason", "nbf", "scope"]), _json)
def test_a_strange_claim_rightly_signed_is_refused_and_nothing_else_happens(name: str, value: Any) -> None:
    claims = {**ELIGIBILITY.claims(), name: value}
    try:
        verified = verify_token(_hand_made(claims))
    except (TokenRefused, KeyRefused):
        return
    assert verified.claims() == claims


@given(st.sampled_from(["alg", "kid", "typ"]), _json)
def test_a_strange_header_rightly_signed_is_refused_and_nothing_else_happens(name: str, value: Any) -> None:
    if value != _HEADER[name]:
        with pytest.raises(TokenRefused):
            verify_token(_hand_made(header={**_HEADER, name: value}))


_TWICE = b'{"alg":"ES256","kid":"' + _KID.encode() + b'","typ":"x","typ":"' + TYPE.encode() + b'"}'


@pytest.mark.parametrize(
    ("made", "refusal"),
    [
        (lambda: _hand_made(header={**_HEADER, "alg": "none"}), TokenHeaderRefused),
        (lambda: _hand_made(header={**_HEADER, "alg": "HS256"}), TokenHeaderRefused),
        (lambda: _hand_made(header={**_HEADER, "alg": "ES384"}), TokenHeaderRefused),
        (lambda: _hand_made(header={**_HEADER, "typ": "JWT"}), TokenHeaderRefused),
        (lambda: _hand_made(header={**_HEADER, "typ": TYPE.upper()}), TokenHeaderRefused),
        (lambda: _hand_made(header={"alg": "ES256", "kid": _KID}), TokenHeaderRefused),
        (lambda: _hand_made(header={"alg": "ES256", "typ": TYPE}), TokenHeaderRefused),
        (lambda: _hand_made(header={**_HEADER, "crit": ["exp"]}), TokenHeaderRefused),
        (lambda: _hand_made(header={**_HEADER, "jku": "https://evil.example"}), TokenHeaderRefused),
        (
            lambda: _hand_made(header={**_HEADER, "jwk": jwks.to_jwk(STRANGER.verifying_key)}, signer=STRANGER),
            TokenHeaderRefused,
        ),
        (lambda: _hand_made(header={**_HEADER, "b64": True}), TokenHeaderRefused),
        (lambda: _hand_made(header={**_HEADER, "kid": "../../dev/null"}), TokenKeyUnknown),
        (lambda: token(signer=STRANGER), TokenKeyUnknown),
        (lambda: _hand_made(signer=STRANGER), TokenSignatureInvalid),
        (lambda: _hand_made(signer=NEXT_TOKEN_SIGNER), TokenSignatureInvalid),
        (lambda: _hand_made(encode=lambda value: _TWICE if "alg" in value else b"{}"), TokenMalformed),
        (lambda: _hand_made(encode=lambda value: json.dumps(value).encode("utf-16")), TokenMalformed),
        (lambda: _hand_made(encode=lambda value: b"\xef\xbb\xbf" + json.dumps(value).encode()), TokenMalformed),
        (lambda: _hand_made([1]), TokenMalformed),
        (lambda: _hand_made({**ELIGIBILITY.claims(), "exp": 1e9}), TokenMalformed),
        (lambda: _hand_made({**ELIGIBILITY.claims(), "exp": float("nan")}), TokenMalformed),
        (lambda: token() + "=", TokenMalformed),
        (lambda: token().replace(".", "=.", 1), TokenMalformed),
        (lambda: token() + ".", TokenMalformed),
        (lambda: token().rpartition(".")[0], TokenMalformed),
        (lambda: token().rpartition(".")[0] + ".", TokenSignatureInvalid),
        (lambda: " " + token(), TokenMalformed),
        (lambda: token() + "\n", TokenMalformed),
        (lambda: _hand_made({**ELIGIBILITY.claims(), "facility": "x" * 8192}), TokenMalformed),
    ],
)
def test_forms_headers_and_keys_that_are_refused(made: Callable[[], str], refusal: type[CredentialError]) -> None:
    with pytest.raises(refusal):
        verify_token(made())


@pytest.mark.parametrize("name", sorted(ELIGIBILITY.claims().keys() - {"until", "sector", "facility"}))
def test_a_claim_that_is_missing_is_refused(name: str) -> None:
    claims = ELIGIBILITY.claims()
    del claims[name]
    with pytest.raises(TokenClaimsRefused):
        verify_token(_hand_made(claims))


_SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"iss": "https://other.example"}, TokenClaimsRefused),
        ({"aud": "rs-lain"}, TokenClaimsRefused),
        ({"aud": [AUDIENCE]}, TokenClaimsRefused),
        ({"jti": ""}, TokenClaimsRefused),
        ({"jti": 5}, TokenClaimsRefused),
        ({"exp": _SECONDS + 301}, TokenClaimsRefused),
        ({"exp": _SECONDS}, TokenClaimsRefused),
        ({"exp": True}, TokenClaimsRefused),
        ({"exp": str(_SECONDS + 60)}, TokenClaimsRefused),
        ({"iat": _SECONDS + 61, "exp": _SECONDS + 120}, TokenNotYetValid),
        ({"iat": _SECONDS - 300, "exp": _SECONDS}, TokenExpired),
        ({"iat": 1 << 50, "exp": (1 << 50) + 1}, TokenClaimsRefused),
        ({"as_of": "2026-02-30"}, TokenClaimsRefused),
        ({"as_of": "20261123"}, TokenClaimsRefused),
        ({"programme": ""}, TokenClaimsRefused),
        ({"assurance": 256}, TokenClaimsRefused),
        ({"assurance": True}, TokenClaimsRefused),
        ({"cnf": {"jkt": "short"}}, TokenClaimsRefused),
        ({"cnf": {"jkt": ELIGIBILITY.card_key_thumbprint, "jwk": {}}}, TokenClaimsRefused),
        ({"covered": 1}, TokenClaimsRefused),
        ({"covered": False}, TokenClaimsRefused),
        ({"reason": "LAPSED"}, TokenClaimsRefused),
        ({"sector": 256}, TokenClaimsRefused),
        ({"nik": "3201010101010001"}, TokenClaimsRefused),
    ],
)
def test_claims_that_are_refused(changes: dict[str, Any], refusal: type[CredentialError]) -> None:
    with pytest.raises(refusal):
        verify_token(_hand_made({**ELIGIBILITY.claims(), **changes}))


def test_the_clock() -> None:
    issued = token()
    assert verify_token(issued, now=NOW - timedelta(seconds=60)) == ELIGIBILITY
    with pytest.raises(TokenNotYetValid):
        verify_token(issued, now=NOW - timedelta(seconds=61))
    assert verify_token(issued, now=NOW + timedelta(seconds=299)) == ELIGIBILITY
    with pytest.raises(TokenExpired):
        verify_token(issued, now=NOW + timedelta(seconds=300))


def test_the_wrong_reader_gets_nothing() -> None:
    with pytest.raises(TokenClaimsRefused):
        verify_token(token(), audience="rs-lain")
    with pytest.raises(TokenClaimsRefused):
        verify_token(token(), issuer="https://other.example")
    with pytest.raises(TokenKeyUnknown):
        eligibility_token.verify(token(), keys=[], issuer=ISSUER, audience=AUDIENCE, now=NOW)


def test_a_key_set_that_is_wrong_is_refused() -> None:
    key = TOKEN_SIGNER.verifying_key
    with pytest.raises(KeyMalformed):
        verify_token(token(), key, VerifyingKey(key.kid, STRANGER.verifying_key.point))
    with pytest.raises(KeyMalformed):
        verify_token(token(), VerifyingKey(key.kid, b"\x04" + bytes(64)))


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW + timedelta(seconds=301)},
        {"expires_at": NOW},
        {"covered": False},
        {"reason": "LAPSED"},
        {"card_key_thumbprint": "x"},
        {"audience": ""},
        {"programme": "JKK JKM"},
        {"facility": "RS\n"},
    ],
)
def test_what_would_be_refused_is_never_signed(changes: dict[str, Any]) -> None:
    signer = MemorySigner(78)
    with pytest.raises(TokenClaimsRefused):
        token(replace(ELIGIBILITY, **changes), signer)
    assert signer.documents == []


def test_a_signer_that_answers_in_der_is_noticed() -> None:
    signer = MemorySigner(79)
    signer.sign = signer.sign_der  # type: ignore[method-assign]  # the mistake itself
    with pytest.raises(SignatureMisshapen):
        token(signer=signer)


def test_sabotage_pyjwt_by_itself_takes_what_we_refuse() -> None:
    key = STRANGER.private_key.public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    now = int(datetime.now(UTC).timestamp())
    claims = {**ELIGIBILITY.claims(), "iat": now, "exp": now + 60}
    for header, encode in (
        ({**_HEADER, "jku": "https://evil.example"}, None),
        ({**_HEADER, "typ": "something-else+jwt"}, None),
        (_HEADER, lambda value: json.dumps(value).encode()[:-1] + b',"alg":"ES256"}'),
    ):
        made = _hand_made(claims, header, signer=STRANGER, encode=encode)
        assert jwt.decode(made, pem, algorithms=["ES256"], audience=AUDIENCE)["sub"] == ELIGIBILITY.subject


_AGAIN = (b',"alg":"ES256"}', b',"covered":true}')  # a member for the second time, in header and claims


@pytest.mark.parametrize(
    ("rule", "value", "made"),
    [
        ("HEADER_MEMBERS", frozenset({"alg", "typ", "kid", "jku"}), lambda: _hand_made(header={**_HEADER, "jku": "x"})),
        ("MAX_SKEW", 3600, lambda: _hand_made({**ELIGIBILITY.claims(), "iat": _SECONDS + 61, "exp": _SECONDS + 99})),
        ("MAX_LENGTH", 1 << 20, lambda: _hand_made(encode=lambda value: json.dumps(value).encode() + b" " * 4096)),
        (
            "decode_object",
            json.loads,
            lambda: _hand_made(encode=lambda value: json.dumps(value).encode()[:-1] + _AGAIN[len(value) > 3]),
        ),
    ],
)
def test_sabotage_each_loosened_rule_lets_the_token_in(
    rule: str, value: Any, made: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = made()
    with pytest.raises(TokenRefused):
        verify_token(offered)
    monkeypatch.setattr(jose, rule, value)
    assert verify_token(offered).subject == ELIGIBILITY.subject


def test_sabotage_an_unpinned_type_lets_another_kind_in(monkeypatch: pytest.MonkeyPatch) -> None:
    other = _hand_made(header={**_HEADER, "typ": "kartu-receipt+jwt"})
    with pytest.raises(TokenHeaderRefused):
        verify_token(other)
    monkeypatch.setattr(eligibility_token, "TYPE", "kartu-receipt+jwt")
    assert verify_token(other) == ELIGIBILITY


def test_dates_survive() -> None:
    claims = replace(ELIGIBILITY, as_of=date(2028, 2, 29), until=date(2028, 5, 31))
    assert verify_token(token(claims)).as_of == date(2028, 2, 29)
