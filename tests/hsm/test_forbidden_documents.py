# SPDX-License-Identifier: Apache-2.0
"""What no key may sign. Each guard gets right documents with one thing wrong; without the guard, every one of them is signed."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cardservice.clock import monotonic
from cardservice.keys import Purpose
from hsm.errors import DocumentRefused
from hsm.guards.by_purpose import GUARDS
from hsm.in_process import InProcessKeys
from tests.hsm.documents import (
    CARD_PRIVATE_KEY,
    MISSING,
    NOW,
    audit_root,
    base64url,
    certificate_input,
    compressed_key,
    key_usage,
    proof_claims,
    proof_input,
    receipt_input,
    token_claims,
    token_input,
    with_changes,
)
from tests.hsm.running import SetClock

ISSUED = int(NOW.timestamp())
TOKEN, PROOF, CARD, AUDIT = Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF, Purpose.CARD_CA, Purpose.AUDIT
RECEIPT = Purpose.RECEIPT
KEYS = InProcessKeys.with_new_keys(clock=SetClock(), monotonic=monotonic, randomness=os.urandom)
TOKEN_KID, PROOF_KID, NEXT_TOKEN_KID = (
    KEYS.signer(TOKEN).verifying_key.kid,
    KEYS.signer(PROOF).verifying_key.kid,
    KEYS.verifying_keys(TOKEN)[1].kid,
)
RECEIPT_KID = KEYS.signer(RECEIPT).verifying_key.kid
CA = KEYS.ca_certificate
CA_NAME = x509.load_der_x509_certificate(CA).subject
OWN_POINT = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), KEYS.signer(TOKEN).verifying_key.point)


def raw_token(header: bytes, claims: bytes) -> bytes:
    return base64url(header) + b"." + base64url(claims)


def good_parts() -> tuple[bytes, bytes]:
    header = json.dumps({"alg": "ES256", "typ": "kartu-eligibility+jwt", "kid": TOKEN_KID}).encode()
    return header, json.dumps(token_claims()).encode()


def tokens() -> Iterator[tuple[str, bytes]]:
    header, claims = good_parts()
    yield "a raw hash", bytes(range(32))
    yield "nothing readable", b"."
    yield "three parts", token_input(TOKEN_KID) + b".AAAA"
    yield "claims only", base64url(claims)
    yield "padded base64", raw_token(header, claims + b" ").replace(b".", b"=.")
    yield "claims twice encoded", base64url(header) + b"." + base64url(base64url(claims))
    yield "a member twice", raw_token(header, claims[:-1] + b', "sub": "someone else"}')
    yield "alg twice in the header", raw_token(header[:-1] + b', "alg": "ES256"}', claims)
    yield "NaN", raw_token(header, claims.replace(b": 2,", b": NaN,"))
    yield "a fraction of a second", token_input(TOKEN_KID, iat=ISSUED + 0.5)
    yield "a list", raw_token(header, b"[1]")
    yield "nested without end", raw_token(header, b"[" * 5000)
    yield "not UTF-8", raw_token(header, claims.replace(b"JKK", b"\xff\xfe"))
    yield "alg none", token_input(TOKEN_KID, header={"alg": "none"})
    yield "alg HS256", token_input(TOKEN_KID, header={"alg": "HS256"})
    yield "another typ", token_input(TOKEN_KID, header={"typ": "at+jwt"})
    yield "no typ", token_input(TOKEN_KID, header={"typ": MISSING})
    yield "crit", token_input(TOKEN_KID, header={"crit": ["exp"]})
    yield "jku", token_input(TOKEN_KID, header={"jku": "https://evil.example"})
    yield "jwk", token_input(TOKEN_KID, header={"jwk": {}})
    yield "the next key's kid", token_input(NEXT_TOKEN_KID)
    yield "the proof key's kid", token_input(PROOF_KID)
    yield "kid a number", token_input(TOKEN_KID, header={"kid": 1})
    yield "ten minutes", token_input(TOKEN_KID, exp=ISSUED + 600)
    yield "301 seconds", token_input(TOKEN_KID, exp=ISSUED + 301)
    yield "no life", token_input(TOKEN_KID, exp=ISSUED)
    yield "from the past", token_input(TOKEN_KID, now=NOW - timedelta(seconds=61))
    yield "from the future", token_input(TOKEN_KID, now=NOW + timedelta(seconds=61))
    yield "iat true", token_input(TOKEN_KID, iat=True)
    yield "iat text", token_input(TOKEN_KID, iat=str(ISSUED))
    yield "huge exp", token_input(TOKEN_KID, exp=10**40)
    for name in token_claims():
        yield f"without {name}", raw_token(header, json.dumps(with_changes(token_claims(), {name: MISSING})).encode())
    yield "two audiences", token_input(TOKEN_KID, aud=["a", "b"])
    yield "an unknown claim", token_input(TOKEN_KID, nik="3171")
    yield "cnf with a key in it", token_input(TOKEN_KID, cnf={"jkt": "A" * 43, "jwk": {}})
    yield "cnf short", token_input(TOKEN_KID, cnf={"jkt": "A" * 42})
    yield "no such day", token_input(TOKEN_KID, as_of="2026-02-30")
    yield "week date", token_input(TOKEN_KID, as_of="2026-W01-1")
    yield "covered 1", token_input(TOKEN_KID, covered=1)
    yield "reason a sentence", token_input(TOKEN_KID, reason="owes Rp 10.000")
    yield "sector 256", token_input(TOKEN_KID, sector=256)
    yield "line break in sub", token_input(TOKEN_KID, sub="a\nb")
    yield "8 kB and more", token_input(TOKEN_KID, sub="s" * 9000)
    yield "a cover proof", proof_input(TOKEN_KID)
    yield "an audit root", audit_root()


def proofs() -> Iterator[tuple[str, bytes]]:
    yield "a raw hash", bytes(range(32))
    yield "an empty list", cbor2.dumps([])
    yield "a token", token_input(PROOF_KID)
    yield "the token key's kid", proof_input(TOKEN_KID)
    yield "another context", proof_input(PROOF_KID, context="Signature")
    yield "MAC0 context", proof_input(PROOF_KID, context="MAC0")
    yield "external data", proof_input(PROOF_KID, external=b"x")
    yield "alg ES384", proof_input(PROOF_KID, protected={1: -35})
    yield "no kid", proof_input(PROOF_KID, protected={4: MISSING})
    yield "a content type", proof_input(PROOF_KID, protected={3: 0})
    yield "crit", proof_input(PROOF_KID, protected={2: [1]})
    yield "36 days", proof_input(PROOF_KID, {4: ISSUED + 36 * 86_400})
    yield "no life", proof_input(PROOF_KID, {4: ISSUED})
    yield "from the future", proof_input(PROOF_KID, now=NOW + timedelta(seconds=61))
    yield "over already", proof_input(PROOF_KID, now=NOW - timedelta(days=35))
    yield "exp a float", proof_input(PROOF_KID, {4: ISSUED + 1.5})
    yield "iat true", proof_input(PROOF_KID, {6: True})
    for key in proof_claims():
        yield f"without {key}", proof_input(PROOF_KID, {key: MISSING})
    yield "a NIK", proof_input(PROOF_KID, {-65541: "3171010101010001"})
    yield "an audience", proof_input(PROOF_KID, {3: "x"})
    yield "a text key", proof_input(PROOF_KID, {"iss": "kartu"})
    yield "sub 15 bytes", proof_input(PROOF_KID, {2: bytes(15)})
    yield "sub a text", proof_input(PROOF_KID, {2: "a" * 16})
    yield "too long", proof_input(PROOF_KID, {1: "k" * 60})
    yield "no issuer", proof_input(PROOF_KID, {1: ""})
    yield "month 13", proof_input(PROOF_KID, {-65538: {1: 202613}})
    yield "programme 4", proof_input(PROOF_KID, {-65538: {4: 202611}})
    yield "programme true", proof_input(PROOF_KID, {-65538: {True: 202611}})
    yield "negative status index", proof_input(PROOF_KID, {-65537: [1, -1]})
    yield "status of three", proof_input(PROOF_KID, {-65537: [1, 2, 3]})
    yield "P-384 in cnf", proof_input(PROOF_KID, {8: {1: compressed_key() | {-1: 2}}})
    yield "a private key in cnf", proof_input(PROOF_KID, {8: {1: compressed_key() | {-4: bytes(32)}}})
    yield "a kid beside the key", proof_input(PROOF_KID, {8: {1: compressed_key(), 3: b"k"}})
    yield "kty true", proof_input(PROOF_KID, {8: {1: compressed_key() | {-1: True}}})
    yield "off the curve", proof_input(PROOF_KID, {8: {1: compressed_key() | {-2: b"\xff" * 32}}})
    yield "x too short", proof_input(PROOF_KID, {8: {1: compressed_key() | {-2: bytes(31)}}})
    own = OWN_POINT.public_numbers()
    own_key = compressed_key() | {-2: own.x.to_bytes(32), -3: bool(own.y & 1)}
    yield "our own token key in cnf", proof_input(PROOF_KID, {8: {1: own_key}})
    good = proof_input(PROOF_KID)
    yield "bytes behind", good + b"\x00"
    yield "indefinite length", b"\x9f" + good[1:] + b"\xff"
    yield "a tag around it", b"\xd8\x12" + good
    twice = cbor2.dumps(proof_claims())
    twice = bytes([twice[0] + 1]) + twice[1:] + cbor2.dumps(2) + cbor2.dumps(bytes(16))
    head = cbor2.loads(good)[1]
    yield "a claim twice", cbor2.dumps(["Signature1", head, b"", twice])


def certificates() -> Iterator[tuple[str, bytes]]:
    def made(**changes: Any) -> bytes:
        return certificate_input(CA, **changes)

    def extended(*extensions: x509.ExtensionType) -> bytes:
        return made(extensions=((key_usage(), True), *((extension, False) for extension in extensions)))

    yield "a raw hash", bytes(range(32))
    yield "nothing", b"\x30\x00"
    yield "the CA's own", x509.load_der_x509_certificate(CA).tbs_certificate_bytes
    yield "a CA", made(extensions=((key_usage(), True), (x509.BasicConstraints(ca=True, path_length=0), True)))
    yield "keyCertSign", made(extensions=((key_usage(key_cert_sign=True), True),))
    yield "cRLSign", made(extensions=((key_usage(crl_sign=True), True),))
    yield "no keyUsage", made(extensions=())
    yield "our own token key", made(public_key=OWN_POINT)
    yield "P-384", made(public_key=ec.derive_private_key(7, ec.SECP384R1()).public_key())
    yield "RSA", made(public_key=rsa.generate_private_key(65537, 2048).public_key())
    yield "another issuer", made(issuer=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Other CA")]))
    yield (
        "issuer in another string type",
        made(
            issuer=x509.Name(
                [
                    x509.NameAttribute(name.oid, str(name.value), _type=x509.name._ASN1Type.T61String)
                    if name.oid == NameOID.COMMON_NAME
                    else name
                    for name in CA_NAME
                ]
            )
        ),
    )
    yield "the CA's name as subject", made(subject=CA_NAME)
    yield "no subject", made(subject=x509.Name([]))
    yield "serial 7", made(serial=7)
    yield "serial of 63 bits", made(serial=(1 << 63) - 1)
    yield "before the CA", made(begin=NOW - timedelta(hours=25))
    yield "after the CA", made(end=NOW + timedelta(days=9 * 365))
    yield "eight years", made(end=NOW + timedelta(days=8 * 365))
    yield "next week", made(begin=NOW + timedelta(days=7))
    yield "server authentication", extended(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))
    yield "any usage", extended(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))
    yield "OCSP signing", extended(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]))
    yield "name constraints", extended(x509.NameConstraints([x509.DNSName("example")], None))
    yield "another authority", extended(x509.AuthorityKeyIdentifier(bytes(20), None, None))
    yield "an unknown extension", extended(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"))
    yield "SHA-384 named", made(sign=lambda builder: builder.sign(CARD_PRIVATE_KEY, SHA384()))
    good = made()
    whole = b"\x30" + good[1:]
    yield "bytes behind", whole + b"\x05\x00"
    yield "cut", good[:-1]
    yield "a whole certificate", CA
    yield "a token", token_input(TOKEN_KID)
    yield "2 kB and more", extended(x509.SubjectAlternativeName([x509.UniformResourceIdentifier("u:" + "x" * 3000)]))


def audit_roots() -> Iterator[tuple[str, bytes]]:
    yield "a raw hash", bytes(range(32))
    yield "another prefix", b"KJS-AUDIT-ROOT-2" + audit_root()[16:]
    yield "a tap", b"KJS-TAP-1" + bytes(55)
    yield "too short", audit_root()[:-1]
    yield "too long", audit_root() + b"\x00"
    yield "back-dated", audit_root(NOW - timedelta(minutes=2))
    yield "from the future", audit_root(NOW + timedelta(minutes=2))


def receipts() -> Iterator[tuple[str, bytes]]:
    seconds, day = int(NOW.timestamp()), 86_400

    def made(**changed: Any) -> bytes:
        return receipt_input(RECEIPT_KID, **changed)

    yield "a raw hash", bytes(range(32))
    yield "an eligibility token", token_input(RECEIPT_KID)
    yield "another type", made(header={"typ": "JWT"})
    yield "another algorithm", made(header={"alg": "none"})
    yield "another key", receipt_input(TOKEN_KID)
    yield "a key by reference", made(header={"jku": "https://evil.example"})
    yield "a name", made(name="Sari Rahayu")
    yield "an end", made(exp=seconds + 300)
    yield "no agent", made(agent=MISSING)
    yield "no number", made(number=0)
    yield "half a rupiah", made(rupiah=0.5)
    yield "no money", made(rupiah=0)
    yield "money to be given back", made(rupiah=-8_400)
    yield "true rupiah", made(rupiah=True)
    yield "another kind", made(kind="refund")
    yield "a void notice without its moment", made(kind="void")
    yield "a receipt with the moment of a void notice", made(voided_at=seconds)
    yield "void before it was taken", made(kind="void", voided_at=seconds - 10)
    yield "void tomorrow", made(kind="void", voided_at=seconds + day)
    yield "cash of tomorrow", made(taken_at=seconds + day)
    yield "cash of last year", made(taken_at=seconds - 366 * day)
    yield "signed long ago", made(iat=seconds - 61, taken_at=seconds - 61)
    yield "signed tomorrow", made(iat=seconds + day)
    yield "nothing behind the point", made().partition(b".")[0] + b"."
    yield "three parts", made() + b".AAAA"
    yield "2 kB and more", made(agent="A" * 3_000)


FORBIDDEN = [
    (purpose, name, document)
    for purpose, documents in (
        (TOKEN, tokens),
        (PROOF, proofs),
        (CARD, certificates),
        (AUDIT, audit_roots),
        (RECEIPT, receipts),
    )
    for name, document in documents()
]
GOOD = [
    (TOKEN, "least", token_input(TOKEN_KID)),
    (TOKEN, "covered", token_input(TOKEN_KID, covered=True, until="2027-02-28", sector=1, facility="RS Harapan")),
    (TOKEN, "not covered", token_input(TOKEN_KID, covered=False, reason="in-arrears", assurance="card-present")),
    (TOKEN, "a minute late", token_input(TOKEN_KID, now=NOW - timedelta(seconds=60))),
    (PROOF, "three programmes", proof_input(PROOF_KID)),
    (PROOF, "no programme", proof_input(PROOF_KID, {-65538: {}})),
    (PROOF, "a day", proof_input(PROOF_KID, {4: ISSUED + 86_400})),
    (CARD, "least", certificate_input(CA)),
    (CARD, "five years", certificate_input(CA, end=NOW + timedelta(days=5 * 365))),
    (
        CARD,
        "as PIV has it",
        certificate_input(
            CA,
            extensions=(
                (key_usage(content_commitment=True), True),
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.16.840.1.101.3.6.8")]), True),
                (x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:uuid:1")]), False),
                (
                    x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                        x509.load_der_x509_certificate(CA)
                        .extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
                        .value
                    ),
                    False,
                ),
            ),
        ),
    ),
    (AUDIT, "of now", audit_root()),
    (RECEIPT, "of now", receipt_input(RECEIPT_KID)),
    (RECEIPT, "of a month ago", receipt_input(RECEIPT_KID, taken_at=int(NOW.timestamp()) - 31 * 86_400)),
    (RECEIPT, "void", receipt_input(RECEIPT_KID, kind="void", taken_at=1_700_000_000, voided_at=int(NOW.timestamp()))),
]


def names(cases: list[tuple[Purpose, str, bytes]]) -> list[str]:
    return [f"{purpose}: {name}" for purpose, name, _ in cases]


def is_signed(purpose: Purpose, document: bytes) -> bool:
    try:
        KEYS.signer(purpose).sign(document)
    except DocumentRefused:
        return False
    return True


@pytest.mark.parametrize(("purpose", "name", "document"), GOOD, ids=names(GOOD))
def test_right_documents_are_signed(purpose: Purpose, name: str, document: bytes) -> None:
    assert is_signed(purpose, document), name


@pytest.mark.parametrize(
    ("purpose", "name", "document"),
    [case for case in FORBIDDEN if len(case[2]) <= 8192],
    ids=names([case for case in FORBIDDEN if len(case[2]) <= 8192]),
)
def test_forbidden_documents_are_not(purpose: Purpose, name: str, document: bytes) -> None:
    with pytest.raises(DocumentRefused) as caught:
        KEYS.signer(purpose).sign(document)
    assert caught.value.evidence["purpose"] == purpose, name


@pytest.mark.parametrize("purpose", [TOKEN, PROOF, CARD, AUDIT, RECEIPT])
def test_sabotage_without_its_guard_a_key_signs_anything(purpose: Purpose, monkeypatch: pytest.MonkeyPatch) -> None:
    forbidden = [document for kind, _, document in FORBIDDEN if kind is purpose and len(document) <= 8192]
    assert not any(is_signed(purpose, document) for document in forbidden)
    monkeypatch.setitem(GUARDS, purpose, lambda *_: None)
    assert all(is_signed(purpose, document) for document in forbidden)


def test_the_documents_of_one_purpose_are_refused_by_every_other() -> None:
    for purpose, _, document in GOOD:
        for other in (TOKEN, PROOF, CARD, AUDIT, RECEIPT):
            assert is_signed(other, document) is (other is purpose)


def test_there_is_no_double_of_a_document_under_flipped_bits() -> None:
    document = certificate_input(CA, sign=lambda builder: builder.sign(CARD_PRIVATE_KEY, SHA256()))
    for position in range(0, len(document), 3):
        changed = bytearray(document)
        changed[position] ^= 0x40
        is_signed(CARD, bytes(changed))  # signed or refused, and nothing else is raised
