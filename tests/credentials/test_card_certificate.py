# SPDX-License-Identifier: Apache-2.0
"""Card certificates: what is issued, what OpenSSL says of it, and every rule that refuses."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from cardservice.credentials import card_certificate, certificate_check, p256
from cardservice.credentials.certificate_check import CardCertificate
from cardservice.credentials.certificate_profile import PIV_CARD_AUTH, PivSlot
from cardservice.credentials.errors import (
    CertificateMalformed,
    CertificateNotValidNow,
    CertificateProfileRefused,
    CertificateRefused,
    CertificateSignatureInvalid,
    KeyRefused,
    PossessionNotProven,
)
from cardservice.credentials.to_be_signed import RevocationAddresses
from cardservice.errors import KartuError
from tests.credentials.signing import CA_SIGNER, CARD, NOW, REQUEST, STRANGER, MemorySigner, ca_certificate

_CA = ca_certificate()


def _issued(slot: PivSlot = PivSlot.AUTHENTICATION, **changes: Any) -> bytes:
    return card_certificate.issue(CA_SIGNER, _CA, replace(REQUEST, slot=slot, **changes))


_DER = _issued()


def _verify(der: bytes, slot: PivSlot = PivSlot.AUTHENTICATION, **changes: Any) -> CardCertificate:
    return certificate_check.verify(der, **{"ca": _CA, "slot": slot, "now": NOW, **changes})


@pytest.mark.parametrize("slot", list(PivSlot))
def test_what_is_issued_is_verified(slot: PivSlot) -> None:
    verified = _verify(_issued(slot), slot)
    assert verified.card_key == REQUEST.card_key
    assert verified.holder_reference == REQUEST.holder_reference
    assert (verified.slot, verified.not_before, verified.not_after) == (slot, REQUEST.not_before, REQUEST.not_after)
    assert verified.serial_number.bit_length() == 159


@pytest.mark.parametrize(
    ("slot", "usages", "extended", "critical"),
    [
        (
            PivSlot.AUTHENTICATION,
            {"digital_signature"},
            {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON},
            False,
        ),
        (PivSlot.SIGNATURE, {"digital_signature", "content_commitment"}, set(), False),
        (PivSlot.KEY_MANAGEMENT, {"key_agreement"}, set(), False),
        (PivSlot.CARD_AUTHENTICATION, {"digital_signature"}, {PIV_CARD_AUTH}, True),
    ],
)
def test_profile_of_each_slot(
    slot: PivSlot, usages: set[str], extended: set[x509.ObjectIdentifier], *, critical: bool
) -> None:
    certificate = x509.load_der_x509_certificate(_issued(slot))
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    assert {name for name in (*names, "key_cert_sign", "crl_sign") if getattr(usage.value, name)} == usages
    assert usage.critical
    found = [extension for extension in certificate.extensions if isinstance(extension.value, x509.ExtendedKeyUsage)]
    assert {oid for extension in found for oid in extension.value} == extended
    assert [extension.critical for extension in found] == ([critical] if extended else [])


def test_nothing_in_it_names_a_person() -> None:
    certificate = x509.load_der_x509_certificate(_DER)
    assert [(name.oid, name.value) for name in certificate.subject] == [(NameOID.COMMON_NAME, REQUEST.holder_reference)]
    assert not any(isinstance(extension.value, x509.SubjectAlternativeName) for extension in certificate.extensions)


def test_revocation_addresses_are_there_when_configured() -> None:
    addresses = RevocationAddresses(crl="http://pki.kartu.example/card.crl", ocsp="http://ocsp.kartu.example")
    der = card_certificate.issue(CA_SIGNER, _CA, REQUEST, addresses=addresses)
    assert b"http://pki.kartu.example/card.crl" in der
    assert b"http://ocsp.kartu.example" in der
    assert _verify(der).card_key == REQUEST.card_key


def test_it_fits_a_piv_object_with_room() -> None:
    assert max(len(_issued(slot)) for slot in PivSlot) < 700


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("slot", list(PivSlot))
def test_openssl_verifies_it(slot: PivSlot, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(_CA.public_bytes(Encoding.PEM))
    certificate = x509.load_der_x509_certificate(_issued(slot))
    (tmp_path / "card.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    moment = str(int(NOW.timestamp()))
    said = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-attime", moment, "-CAfile", "ca.pem", "card.pem"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.stdout.strip() == "card.pem: OK", said.stderr


@given(st.integers(0, 8 * len(_DER) - 1))
def test_any_flipped_bit_is_refused(position: int) -> None:
    octets = bytearray(_DER)
    octets[position // 8] ^= 1 << position % 8
    with pytest.raises(CertificateRefused):
        _verify(bytes(octets))


@pytest.mark.parametrize("seed", range(4))
def test_every_flipped_bit_around_the_signed_part_is_refused(seed: int) -> None:
    """Nothing signs the outer lengths, the algorithm and the bit string; signatures differ in length and in their last bits."""
    der = _issued(serial=bytes([seed]) * 20)
    assert _verify(der).card_key == REQUEST.card_key
    for position in (*range(8 * 8), *range(8 * (len(der) - 100), 8 * len(der))):
        octets = bytearray(der)
        octets[position // 8] ^= 1 << position % 8
        with pytest.raises(CertificateRefused):
            _verify(bytes(octets))


def test_sabotage_the_parser_alone_lets_unused_bits_of_the_signature_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    der = next(der for der in iter(_issued, None) if der[-1] & 1 == 0)
    certificate = x509.load_der_x509_certificate(der)
    at = len(der) - len(certificate.signature) - 1
    assert der[at] == 0
    changed = der[:at] + b"\x01" + der[at + 1 :]
    with pytest.raises(CertificateMalformed):
        _verify(changed)
    monkeypatch.setattr(certificate_check, "_whole", lambda parsed: parsed.public_bytes(Encoding.DER))
    assert _verify(changed).card_key == REQUEST.card_key


@given(st.binary(max_size=120), st.integers(0, len(_DER)))
def test_nothing_but_a_refusal_comes_of_strange_bytes(noise: bytes, at: int) -> None:
    for strange in (noise, _DER[:at] + noise, noise + _DER[at:], _DER + noise + b"\0"):
        if strange != _DER:
            with pytest.raises(CertificateRefused):
                _verify(strange)


def test_another_slot_another_ca_another_time() -> None:
    for slot in PivSlot:
        if slot is not PivSlot.AUTHENTICATION:
            with pytest.raises(CertificateProfileRefused):
                _verify(_DER, slot)
    # Another key under the same name; another name with the same key.
    for ca in (ca_certificate(STRANGER), ca_certificate(name="Kartu Card CA (another)")):
        with pytest.raises(CertificateSignatureInvalid):
            _verify(_DER, ca=ca)
    for now in (REQUEST.not_before - timedelta(seconds=1), REQUEST.not_after + timedelta(seconds=1)):
        with pytest.raises(CertificateNotValidNow):
            _verify(_DER, now=now)
    assert _verify(_DER, now=REQUEST.not_after).slot is PivSlot.AUTHENTICATION


def test_nothing_is_believed_past_the_end_of_the_ca_itself() -> None:
    """Who has stolen the CA's key certifies for as long as he likes; the same certificate one second before is fine."""
    forever = _foreign(days=40 * 365)
    end = _CA.not_valid_after_utc
    assert _verify(forever, now=end).card_key == REQUEST.card_key
    with pytest.raises(CertificateNotValidNow):
        _verify(forever, now=end + timedelta(seconds=1))


def _foreign(**changes: Any) -> bytes:
    """A certificate rightly signed by the CA that is not of our profile."""
    usage = {
        "digital_signature": True, "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
        "key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .serial_number(1 << 100)
        .issuer_name(_CA.subject)
        .subject_name(x509.Name(changes.get("subject", [x509.NameAttribute(NameOID.COMMON_NAME, "7Q2M-K9XW-4H6T")])))
        .public_key(changes.get("key", CARD.private_key.public_key()))
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=changes.get("days", 1)))
    )
    identifier = _CA.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    extensions: dict[type, tuple[x509.ExtensionType, bool]] = {
        x509.KeyUsage: (x509.KeyUsage(**{**usage, **changes.get("usage", {})}), True),
        x509.BasicConstraints: (x509.BasicConstraints(ca=False, path_length=None), True),
        x509.AuthorityKeyIdentifier: (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
        x509.ExtendedKeyUsage: (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON]), False,
        ),
        **changes.get("extensions", {}),
    }  # fmt: skip
    for kind, (extension, critical) in extensions.items():
        if kind not in changes.get("without", ()):
            builder = builder.add_extension(extension, critical=critical)
    return builder.sign(CA_SIGNER.private_key, changes.get("hash", hashes.SHA256())).public_bytes(Encoding.DER)


def test_the_foreign_one_unchanged_is_of_our_profile() -> None:
    assert _verify(_foreign()).card_key == REQUEST.card_key


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"usage": {"key_cert_sign": True}}, CertificateProfileRefused),
        ({"usage": {"content_commitment": True}}, CertificateProfileRefused),
        ({"without": (x509.KeyUsage,)}, CertificateProfileRefused),
        ({"without": (x509.BasicConstraints,)}, CertificateProfileRefused),
        ({"without": (x509.AuthorityKeyIdentifier,)}, CertificateProfileRefused),
        ({"without": (x509.ExtendedKeyUsage,)}, CertificateProfileRefused),
        (
            {"extensions": {x509.BasicConstraints: (x509.BasicConstraints(ca=True, path_length=0), True)}},
            CertificateProfileRefused,
        ),
        (
            {"extensions": {x509.ExtendedKeyUsage: (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)}},
            CertificateProfileRefused,
        ),
        (
            {"extensions": {x509.InhibitAnyPolicy: (x509.InhibitAnyPolicy(0), True)}},
            CertificateProfileRefused,
        ),
        (
            {"extensions": {x509.AuthorityKeyIdentifier: (x509.AuthorityKeyIdentifier(bytes(20), None, None), False)}},
            CertificateProfileRefused,
        ),
        ({"key": ec.generate_private_key(ec.SECP384R1()).public_key()}, CertificateMalformed),
        ({"key": rsa.generate_private_key(65537, 2048).public_key()}, CertificateMalformed),
        ({"subject": []}, CertificateMalformed),
        (
            {"subject": [x509.NameAttribute(NameOID.COMMON_NAME, "a"), x509.NameAttribute(NameOID.SURNAME, "b")]},
            CertificateMalformed,
        ),
        ({"hash": hashes.SHA512()}, CertificateMalformed),
    ],
)
def test_other_profiles_by_the_same_ca_are_refused(changes: dict[str, Any], refusal: type[CertificateRefused]) -> None:
    with pytest.raises(refusal):
        _verify(_foreign(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"holder_reference": "3201010101010001"},
        {"holder_reference": "X-3201010101010001"},
        {"holder_reference": "Siti Aminah"},
        {"holder_reference": ""},
        {"serial": bytes(19)},
        {"not_after": REQUEST.not_before},
        {"not_after": NOW + timedelta(days=40 * 365)},
        {"not_before": NOW - timedelta(days=2 * 365)},
    ],
)
def test_requests_that_are_refused_before_anything_is_signed(changes: dict[str, Any]) -> None:
    signer = MemorySigner(91)
    with pytest.raises(CertificateProfileRefused):
        card_certificate.issue(signer, ca_certificate(signer), replace(REQUEST, **changes))
    assert signer.documents == []


def test_a_bad_card_key_is_not_certified() -> None:
    for point in (b"", b"\x00", b"\x04" + bytes(64), REQUEST.card_key[:-1] + b"\0", REQUEST.card_key[:33]):
        with pytest.raises(KeyRefused):
            _issued(card_key=point)


def test_a_signer_that_is_not_the_ca_is_noticed() -> None:
    with pytest.raises(CertificateProfileRefused):
        card_certificate.issue(STRANGER, _CA, REQUEST)


def test_what_the_signer_is_given_is_the_tbs_certificate() -> None:
    signer = MemorySigner(92)
    der = card_certificate.issue(signer, ca_certificate(signer), REQUEST)
    assert signer.documents == [x509.load_der_x509_certificate(der).tbs_certificate_bytes]


def test_a_signer_that_refuses_is_heard() -> None:
    class Refusal(KartuError):
        code = "refused-by-test"

    class Refusing(MemorySigner):
        def sign(self, document: bytes) -> bytes:
            raise Refusal(length=len(document))

    signer = Refusing(93)
    with pytest.raises(Refusal):
        card_certificate.issue(signer, ca_certificate(signer), REQUEST)


def test_possession() -> None:
    certificate = _verify(_DER)
    signature = CARD.sign_der(b"challenge")
    certificate_check.verify_possession(certificate, b"challenge", signature)
    r, s = decode_dss_signature(signature)
    wrong = [
        (b"another challenge", signature),
        (b"challenge", STRANGER.sign_der(b"challenge")),
        (b"challenge", CARD.sign(b"challenge")),
        (b"challenge", signature + b"\0"),
        (b"challenge", signature[:-1]),
        (b"challenge", b""),
        (b"challenge", encode_dss_signature(0, 0)),
        (b"challenge", encode_dss_signature(r, s + 1)),
        (b"challenge", b"\x30\x81" + signature[1:]),
    ]
    for message, offered in wrong:
        with pytest.raises(PossessionNotProven):
            certificate_check.verify_possession(certificate, message, offered)


def test_sabotage_without_possession_a_copied_certificate_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(p256, "verifies_der", lambda *_: True)
    certificate_check.verify_possession(_verify(_DER), b"challenge", STRANGER.sign_der(b"challenge"))


def test_sabotage_without_the_profile_a_signing_certificate_opens_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_check, "_require_profile", lambda *_: None)
    assert _verify(_issued(PivSlot.SIGNATURE), PivSlot.AUTHENTICATION).card_key == REQUEST.card_key
