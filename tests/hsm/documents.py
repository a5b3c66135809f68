# SPDX-License-Identifier: Apache-2.0
"""Documents to be signed, right by default and wrong on request; built here independently of cardservice/credentials."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CARD_PRIVATE_KEY = ec.derive_private_key(0x1234_5678_9ABC_DEF0, ec.SECP256R1())
MISSING = object()


def base64url(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def with_changes(members: dict[Any, Any], changes: dict[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in (members | changes).items() if value is not MISSING}


def token_claims(now: datetime = NOW) -> dict[str, Any]:
    issued = int(now.timestamp())
    return {
        "iss": "https://kartu.example",
        "aud": "rs-harapan",
        "sub": "3q2-7wAAAAAAAAAAAAAAAA",
        "iat": issued,
        "exp": issued + 300,
        "jti": "0190a7c2-1111-7000-8000-000000000001",
        "as_of": now.date().isoformat(),
        "programme": "JKK",
        "assurance": 2,
        "cnf": {"jkt": "A" * 42 + "8"},
    }


def token_input(kid: str, *, now: datetime = NOW, header: dict[str, Any] | None = None, **changes: Any) -> bytes:
    head = with_changes({"alg": "ES256", "typ": "kartu-eligibility+jwt", "kid": kid}, header or {})
    claims = with_changes(token_claims(now), changes)
    return b".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))


def compressed_key(private: ec.EllipticCurvePrivateKey = CARD_PRIVATE_KEY) -> dict[int, Any]:
    numbers = private.public_key().public_numbers()
    return {1: 2, -1: 1, -2: numbers.x.to_bytes(32), -3: bool(numbers.y & 1)}


def proof_claims(now: datetime = NOW) -> dict[int, Any]:
    issued = int(now.timestamp())
    return {
        1: "kjs",
        2: bytes(range(16)),
        4: issued + 35 * 86_400,
        6: issued,
        8: {1: compressed_key()},
        -65537: [1, 70_000],
        -65538: {1: 202611, 2: 202611, 3: 202610},
        -65539: 7,
        -65540: 2,
    }


def proof_input(
    kid: str,
    changes: dict[Any, Any] | None = None,
    *,
    now: datetime = NOW,
    protected: dict[int, Any] | None = None,
    external: bytes = b"",
    context: str = "Signature1",
) -> bytes:
    head = with_changes({1: -7, 4: urlsafe_b64decode(kid + "=")}, protected or {})
    claims = with_changes(proof_claims(now), changes or {})
    return cbor2.dumps([context, cbor2.dumps(head), external, cbor2.dumps(claims)])


def key_usage(**changes: bool) -> x509.KeyUsage:
    flags = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(flags | {"digital_signature": True} | changes))


def certificate_input(
    ca_certificate: bytes,
    *,
    now: datetime = NOW,
    subject: x509.Name | None = None,
    issuer: x509.Name | None = None,
    public_key: Any = None,
    serial: int = 0x4D << 120,
    begin: datetime | None = None,
    end: datetime | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ((key_usage(), True),),
    sign: Callable[[x509.CertificateBuilder], x509.Certificate] | None = None,
) -> bytes:
    """The TBSCertificate of a card; another key signs it here, since a builder gives nothing else."""
    ca = x509.load_der_x509_certificate(ca_certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "card 7")]) if subject is None else subject)
        .issuer_name(issuer or ca.subject)
        .public_key(public_key or CARD_PRIVATE_KEY.public_key())
        .serial_number(serial)
        .not_valid_before(begin or now)
        .not_valid_after(end or now + timedelta(days=365))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    signed = sign(builder) if sign else builder.sign(CARD_PRIVATE_KEY, SHA256())
    return signed.tbs_certificate_bytes


def receipt_input(kid: str, *, now: datetime = NOW, header: dict[str, Any] | None = None, **changed: Any) -> bytes:
    """A receipt's JWS signing input."""
    seconds = int(now.timestamp())
    claims = {
        "iss": "https://kartu.example",
        "iat": seconds,
        "kind": "receipt",
        "agent": "AGEN-7",
        "number": 1,
        "member": "P-0001",
        "rupiah": 8_400,
        "taken_at": seconds,
    }
    protected = {"alg": "ES256", "kid": kid, "typ": "kartu-receipt+jwt"} | (header or {})
    parts = (protected, with_changes(claims, changed))
    return b".".join(base64url(json.dumps(part).encode()) for part in parts)


def audit_root(now: datetime = NOW, *, size: int = 12, root: bytes = bytes(32)) -> bytes:
    return b"KJS-AUDIT-ROOT-1" + size.to_bytes(8) + int(now.timestamp()).to_bytes(8) + root
