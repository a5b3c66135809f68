# SPDX-License-Identifier: Apache-2.0
"""The cover proof: its size, its one encoding, and every rule that refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.credentials import cover_proof, p256, strict_cbor
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.errors import (
    CredentialError,
    KeyMalformed,
    ProofExpired,
    ProofKeyUnknown,
    ProofMalformed,
    ProofNotYetValid,
    ProofRefused,
    ProofSignatureInvalid,
    ProofTooLong,
)
from cardservice.credentials.thumbprint import cose_kid
from cardservice.keys import VerifyingKey
from tests.credentials.signing import CARD, COVER, NOW, PROOF_SIGNER, STRANGER, MemorySigner, proof, verify_proof

_VECTOR = Path(__file__).resolve().parents[1] / "vectors" / "cover_proof_self.json"
_KID = cose_kid(PROOF_SIGNER.verifying_key.kid)
_PROTECTED = {1: -7, 4: _KID}
_DAY = 86_400

_uint = st.integers(0, 0xFFFF_FFFF)
_months = st.builds(lambda year, month: year * 100 + month, st.integers(1970, 9999), st.integers(1, 12))
_claims = st.builds(
    replace,
    st.just(COVER),
    subject=st.binary(min_size=16, max_size=16),
    issued_at=st.integers(-400 * _DAY, 60).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    card_key=st.integers(1, 1 << 200).map(lambda secret: MemorySigner(secret).verifying_key.point),
    status_list=_uint,
    status_index=_uint,
    paid_through=st.dictionaries(st.sampled_from([1, 2, 3]), _months),
    rule_pack=_uint,
    assurance=_uint,
)


def _hand_made(
    changes: dict[Any, Any] | None = None,
    *,
    protected: Any = _PROTECTED,
    unprotected: Any = None,
    signer: MemorySigner = PROOF_SIGNER,
    encode: Callable[[Any], bytes] = strict_cbor.encode,
    payload: bytes | None = None,
) -> bytes:
    """A proof put together by hand, rightly signed."""
    claims = {key: value for key, value in {**COVER.to_map(), **(changes or {})}.items() if value is not None}
    head = encode(protected)
    body = encode(claims) if payload is None else payload
    signature = signer.sign(cbor2.dumps(["Signature1", head, b"", body]))
    return encode([head, unprotected or {}, body, signature])


@given(_claims)
def test_round_trip_within_231_bytes(claims: CoverClaims) -> None:
    claims = replace(claims, expires_at=claims.issued_at + timedelta(days=35))
    encoded = proof(claims)
    assert len(encoded) <= 231
    verified = verify_proof(encoded, now=max(claims.issued_at, NOW - timedelta(days=400)))
    assert verified.claims == claims
    assert verified.encoded == encoded
    assert verified.kid == _KID


def test_the_longest_one_of_ours_leaves_room() -> None:
    longest = replace(
        COVER, status_list=0xFFFF_FFFF, status_index=0xFFFF_FFFF, rule_pack=0xFFFF_FFFF, assurance=0xFFFF_FFFF
    )
    assert len(proof(longest)) == 225
    assert len(proof()) == 213


def test_a_long_issuer_is_refused_before_it_is_signed() -> None:
    signer = MemorySigner(81)
    with pytest.raises(ProofTooLong) as refused:
        proof(replace(COVER, issuer="https://kartu.jaminan.example"), signer)
    assert refused.value.evidence["limit"] == 231
    assert signer.documents == []


def test_the_parts_as_docs_card_edge_gives_them() -> None:
    protected, unprotected, payload, signature = cbor2.loads(proof())
    assert cbor2.loads(protected) == {1: -7, 4: _KID}
    assert unprotected == {}
    assert len(signature) == 64
    claims = cbor2.loads(payload)
    x, y_is_odd = COVER.card_key[1:33], bool(COVER.card_key[64] & 1)
    assert claims == {
        1: "kjs",
        2: bytes(range(16)),
        4: int(NOW.timestamp()) + 35 * _DAY,
        6: int(NOW.timestamp()),
        8: {1: {1: 2, -1: 1, -2: x, -3: y_is_odd}},
        -65537: [1, 70_000],
        -65538: {1: 202611, 2: 202611, 3: 202610},
        -65539: 1,
        -65540: 2,
    }
    assert list(claims) == [1, 2, 4, 6, 8, -65537, -65538, -65539, -65540]


def test_the_committed_vector() -> None:
    vector = json.loads(_VECTOR.read_text(encoding="utf-8"))
    point = bytes.fromhex(vector["point"])
    verified = cover_proof.verify(
        bytes.fromhex(vector["proof"]),
        keys=[VerifyingKey(vector["kid"], point)],
        issuer=vector["issuer"],
        now=datetime.fromtimestamp(vector["now"], UTC),
    )
    assert verified.claims.subject.hex() == vector["subject"]
    assert {str(number): month for number, month in verified.claims.paid_through.items()} == vector["paid_through"]
    assert verified.claims.card_key.hex() == vector["card_key"]


@given(st.integers(0, 8 * len(proof()) - 1))
def test_any_flipped_bit_is_refused(position: int) -> None:
    octets = bytearray(proof())
    octets[position // 8] ^= 1 << position % 8
    with pytest.raises(ProofRefused):
        verify_proof(bytes(octets))


@given(st.integers(0, 230), st.binary(max_size=20))
def test_cut_or_lengthened_it_is_refused(length: int, more: bytes) -> None:
    encoded = proof()
    with pytest.raises(ProofRefused):
        verify_proof(encoded[: min(length, len(encoded) - 1)])
    if more:
        with pytest.raises(ProofRefused):
            verify_proof(encoded + more)


@given(st.binary(max_size=300))
def test_nothing_but_a_refusal_comes_of_strange_bytes(encoded: bytes) -> None:
    with pytest.raises(ProofRefused):
        verify_proof(encoded)


_plain = st.booleans() | st.integers(-(1 << 33), 1 << 33) | st.binary(max_size=17) | st.text(max_size=4)
_nested = st.recursive(
    _plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(-4, 9), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*COVER.to_map(), 3, 5, 7, -65541]), _nested)
def test_a_strange_claim_rightly_signed_is_refused_and_nothing_else_happens(key: int, value: Any) -> None:
    encoded = _hand_made({key: value})
    try:
        verified = verify_proof(encoded)
    except ProofRefused:
        return
    assert strict_cbor.encode(verified.claims.to_map()) == cbor2.loads(encoded)[2]


_T = int(NOW.timestamp())
_CNF = COVER.to_map()[8][1]


@pytest.mark.parametrize(
    "changes",
    [
        {1: None},
        {2: None},
        {8: None},
        {-65540: None},
        {7: b"id"},
        {1: "someone else"},
        {1: ""},
        {2: bytes(15)},
        {2: "pseudonym-of-16!"},
        {4: _T + 35 * _DAY + 1},
        {4: _T},
        {4: True},
        {6: -1},
        {-65537: [1]},
        {-65537: [1, 2, 3]},
        {-65537: [1, -2]},
        {-65537: {1: 2}},
        {-65538: {4: 202611}},
        {-65538: {1: 202613}},
        {-65538: {1: 202600}},
        {-65538: {1: 2611}},
        {-65538: [202611]},
        {-65539: "1"},
        {-65540: 1 << 32},
        {8: {1: {**_CNF, -2: (1).to_bytes(32)}}},
        {8: {1: {**_CNF, -2: b"\xff" * 32}}},
        {8: {1: {**_CNF, -2: _CNF[-2][1:]}}},
        {8: {1: {**_CNF, -3: b"\x01"}}},
        {8: {1: {**_CNF, 1: 1}}},
        {8: {1: {**_CNF, 1: True}}},
        {8: {1: {**_CNF, -1: 2}}},
        {8: {1: {**_CNF, -1: True}}},
        {8: {1: {**_CNF, 3: -7}}},
        {8: {3: b"kid"}},
    ],
)
def test_claims_that_are_refused(changes: dict[Any, Any]) -> None:
    with pytest.raises(ProofMalformed):
        verify_proof(_hand_made(changes))


@pytest.mark.parametrize(
    ("made", "refusal"),
    [
        (lambda: _hand_made(protected={1: -35, 4: _KID}), ProofMalformed),
        (lambda: _hand_made(protected={1: True, 4: _KID}), ProofMalformed),
        (lambda: _hand_made(protected={1: -7}), ProofMalformed),
        (lambda: _hand_made(protected={1: -7, 4: b"short"}), ProofMalformed),
        (lambda: _hand_made(protected={1: -7, 2: [1], 4: _KID}), ProofMalformed),
        (lambda: _hand_made(protected=[1]), ProofMalformed),
        (lambda: _hand_made(unprotected={4: b"x"}), ProofMalformed),
        (lambda: b"\xd2" + _hand_made(), ProofMalformed),
        (lambda: _hand_made(payload=b"\x00"), ProofMalformed),
        (lambda: _hand_made(payload=b""), ProofMalformed),
        (lambda: _hand_made(encode=lambda value: cbor2.dumps(_backwards(value))), ProofMalformed),
        (lambda: proof(signer=STRANGER), ProofKeyUnknown),
        (lambda: _hand_made(signer=STRANGER), ProofSignatureInvalid),
        (lambda: _hand_made(signer=CARD), ProofSignatureInvalid),
        (lambda: bytes(232), ProofTooLong),
        (lambda: bytes(1 << 20), ProofTooLong),
    ],
)
def test_structures_and_keys_that_are_refused(made: Callable[[], bytes], refusal: type[CredentialError]) -> None:
    with pytest.raises(refusal):
        verify_proof(made())


def _backwards(value: Any) -> Any:
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def test_the_clock() -> None:
    encoded = proof()
    assert verify_proof(encoded, now=NOW - timedelta(seconds=60)).claims == COVER
    with pytest.raises(ProofNotYetValid):
        verify_proof(encoded, now=NOW - timedelta(seconds=61))
    assert verify_proof(encoded, now=NOW + timedelta(days=35, seconds=-1)).claims == COVER
    with pytest.raises(ProofExpired):
        verify_proof(encoded, now=NOW + timedelta(days=35))


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW + timedelta(days=35, seconds=1)},
        {"expires_at": NOW},
        {"subject": bytes(17)},
        {"paid_through": {1: 20261}},
        {"status_index": -1},
    ],
)
def test_what_would_be_refused_is_never_signed(changes: dict[str, Any]) -> None:
    signer = MemorySigner(82)
    with pytest.raises(ProofMalformed):
        proof(replace(COVER, **changes), signer)
    with pytest.raises(KeyMalformed):
        proof(replace(COVER, card_key=b"\x04" + bytes(64)), signer)
    assert signer.documents == []


def test_what_the_signer_is_given_is_the_sig_structure() -> None:
    signer = MemorySigner(83)
    protected, _, payload, _ = cbor2.loads(proof(signer=signer))
    assert [cbor2.loads(document) for document in signer.documents] == [["Signature1", protected, b"", payload]]


def test_sabotage_without_the_signature_check_flipped_bits_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = _hand_made({-65538: {1: 209912}}, signer=STRANGER)
    with pytest.raises(ProofSignatureInvalid):
        verify_proof(forged)
    monkeypatch.setattr(p256, "verifies", lambda *_: True)
    assert verify_proof(forged).claims.paid_through == {1: 209912}


def test_sabotage_a_lenient_decoder_lets_another_encoding_in(monkeypatch: pytest.MonkeyPatch) -> None:
    disordered = _hand_made(encode=lambda value: cbor2.dumps(_backwards(value)))
    monkeypatch.setattr(strict_cbor, "decode", cbor2.loads)
    assert verify_proof(disordered).claims == COVER


def test_sabotage_without_the_length_check_a_long_proof_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover_proof, "MAX_LENGTH", 1000)
    assert len(proof(replace(COVER, issuer="https://kartu.jaminan.example"))) > 231
