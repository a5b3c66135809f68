# SPDX-License-Identifier: Apache-2.0
"""Signers with keys in memory, and documents of every kind signed by them. Fixed keys, so that failures repeat."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from cardservice.credentials import ca_withdrawals, cover_proof, eligibility_token, thumbprint
from cardservice.credentials.card_certificate import CardCertificateRequest
from cardservice.credentials.cash_receipt import ReceiptDocument, ReceiptKind
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.keys import Signer, VerifyingKey

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ISSUER, AUDIENCE = "https://kartu.example", "rs-harapan"

T = TypeVar("T")


class MemorySigner:
    """A ``keys.Signer`` over a private key in memory. ``documents`` keeps what it was asked to sign."""

    def __init__(self, secret: int) -> None:
        self.private_key = ec.derive_private_key(secret, ec.SECP256R1())
        self.documents: list[bytes] = []

    @property
    def verifying_key(self) -> VerifyingKey:
        point = self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return VerifyingKey(thumbprint.kid(point), point)

    def sign(self, document: bytes) -> bytes:
        self.documents.append(document)
        r, s = decode_dss_signature(self.private_key.sign(document, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def sign_der(self, document: bytes) -> bytes:
        """As a PIV card signs."""
        return self.private_key.sign(document, ec.ECDSA(hashes.SHA256()))


TOKEN_SIGNER = MemorySigner(0xA1A1_0001_F00D)
NEXT_TOKEN_SIGNER = MemorySigner(0xA1A1_0002_F00D)
PROOF_SIGNER = MemorySigner(0xB2B2_0001_F00D)
CA_SIGNER = MemorySigner(0xC3C3_0001_F00D)
RECEIPT_SIGNER = MemorySigner(0xF6F6_0001_F00D)
AUDIT_SIGNER = MemorySigner(0xA7A7_0001_F00D)
CARD = MemorySigner(0xD4D4_0001_F00D)
STRANGER = MemorySigner(0xE5E5_0001_F00D)

ELIGIBILITY = EligibilityToken(
    issuer=ISSUER,
    audience=AUDIENCE,
    subject="pseudonym-of-this-sector",
    token_id="0190a7c2-1111-7000-8000-000000000001",
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=5),
    as_of=date(2026, 11, 23),
    programme="JKK",
    assurance=2,
    card_key_thumbprint=thumbprint.thumbprint(CARD.verifying_key.point),
    covered=True,
    until=date(2027, 2, 28),
    sector=1,
    facility="RS Harapan, Kupang",
)
REFUSAL = replace(ELIGIBILITY, covered=False, until=None, reason="LAPSED")

COVER = CoverClaims(
    issuer=cover_proof.ISSUER,
    subject=bytes(range(16)),
    issued_at=NOW,
    expires_at=NOW + timedelta(days=35),
    card_key=CARD.verifying_key.point,
    status_list=1,
    status_index=70_000,
    paid_through={1: 202611, 2: 202611, 3: 202610},
    rule_pack=1,
    assurance=2,
)

REQUEST = CardCertificateRequest(
    slot=PivSlot.AUTHENTICATION,
    card_key=CARD.verifying_key.point,
    holder_reference="7Q2M-K9XW-4H6T",
    serial=bytes(range(1, 21)),
    not_before=NOW,
    not_after=NOW + timedelta(days=5 * 365),
)

RECEIPT = ReceiptDocument(
    issuer=ISSUER,
    signed_at=NOW,
    kind=ReceiptKind.RECEIPT,
    agent="AG-1",
    number=1,
    member="P-0001",
    rupiah=16_800,
    taken_at=NOW,
)


_CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def token(claims: EligibilityToken = ELIGIBILITY, signer: MemorySigner = TOKEN_SIGNER) -> str:
    return at_once(eligibility_token.issue(Awaiting(signer), claims))


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of what never has to wait, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("it waits for something")


class Awaiting:
    """An ``AwaitedSigner`` over a signer that answers at once."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    async def verifying_key(self) -> VerifyingKey:
        return self._signer.verifying_key

    async def sign(self, document: bytes) -> bytes:
        return self._signer.sign(document)


def proof(claims: CoverClaims = COVER, signer: MemorySigner = PROOF_SIGNER) -> bytes:
    return cover_proof.issue(signer, claims)


def verify_token(
    encoded: str, *keys: VerifyingKey, audience: str = AUDIENCE, issuer: str = ISSUER, now: datetime = NOW
) -> EligibilityToken:
    held = keys or (TOKEN_SIGNER.verifying_key, NEXT_TOKEN_SIGNER.verifying_key)
    return eligibility_token.verify(encoded, keys=held, issuer=issuer, audience=audience, now=now)


def verify_proof(encoded: bytes, *keys: VerifyingKey, now: datetime = NOW) -> cover_proof.CoverProof:
    return cover_proof.verify(encoded, keys=keys or (PROOF_SIGNER.verifying_key,), issuer=cover_proof.ISSUER, now=now)


def withdrawals(signer: MemorySigner = AUDIT_SIGNER) -> bytes:
    """A list of withdrawals of now, with nothing in it."""
    statement: dict[str, object] = {
        "kind": ca_withdrawals.KIND,
        "number": 1,
        "at": NOW.isoformat(),
        "withdrawn": [],
        "withdrawn_keys": [],
        "authorities": [],
        "audit_keys": [],
    }
    canonical = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    signature = urlsafe_b64encode(signer.sign(ca_withdrawals.LABEL + sha256(canonical).digest())).decode()
    by = {"kid": signer.verifying_key.kid, "point": signer.verifying_key.point.hex(), "es256": signature}
    return json.dumps({"statement": statement, "signed": by}).encode()


def ca_certificate(signer: MemorySigner = CA_SIGNER, name: str = "Kartu Card CA (test)") -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public = signer.private_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(1 << 100)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CA_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(signer.private_key, hashes.SHA256())
    )
