# SPDX-License-Identifier: Apache-2.0
"""Verifies a card certificate against the card CA (RFC 5280, 6.1, for a path of one) and the profile of its PIV slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from cardservice.credentials import p256
from cardservice.credentials.ca_withdrawals import CaWithdrawals
from cardservice.credentials.certificate_profile import PROFILES, PivSlot
from cardservice.credentials.errors import (
    CertificateAuthorityWithdrawn,
    CertificateMalformed,
    CertificateNotValidNow,
    CertificateProfileRefused,
    CertificateSignatureInvalid,
    PossessionNotProven,
)

MAX_LENGTH = 4 * 1024  # bytes; ours are below 700
_FORM = "one X.509 certificate in DER, signed by ecdsa-with-SHA256"
_ECDSA_WITH_SHA256 = bytes.fromhex("300A06082A8648CE3D040302")  # AlgorithmIdentifier without parameters (RFC 5758, 3.2)


@dataclass(frozen=True, slots=True)
class CardCertificate:
    """A certificate that holds: whose slot it is for, the certified key as an uncompressed point, and its random names."""

    slot: PivSlot
    card_key: bytes
    holder_reference: str
    serial_number: int
    not_before: datetime
    not_after: datetime
    der: bytes


def verify(der: bytes, *, ca: x509.Certificate, slot: PivSlot, now: datetime) -> CardCertificate:
    """Verify a certificate read from a card. Raises CertificateRefused and nothing else.

    Steps: 1 form, 2 issuer, 3 signature, 4 validity, 5 profile. ``now`` is aware. Revocation is the status list's affair.
    """
    certificate = load(der)
    # 2. Issuer by name and by key identifier.
    if certificate.issuer.public_bytes() != ca.subject.public_bytes():
        raise CertificateSignatureInvalid(rule="the issuer is the card CA")
    # 3. Signature; that its algorithm is named alike inside and outside is checked with it.
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise CertificateSignatureInvalid(rule="signed by the card CA") from None
    # 4. Validity, the CA's own first: whoever has its key could make certificates for as long as he likes.
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    for first, last in ((ca.not_valid_before_utc, ca.not_valid_after_utc), (begin, end)):
        if not first <= now <= last:
            raise CertificateNotValidNow(not_before=first.isoformat(), not_after=last.isoformat())
    # 5. Profile and key.
    _require_profile(certificate, ca, slot)
    return CardCertificate(
        slot, _card_key(certificate), _holder_reference(certificate), certificate.serial_number, begin, end, der
    )


def verify_under(
    der: bytes, *, cas: Sequence[x509.Certificate], withdrawals: CaWithdrawals, slot: PivSlot, now: datetime
) -> CardCertificate:
    """Verify a certificate under whichever of the scheme's CA certificates, as the list names them, issued it. Raises CertificateRefused and nothing else.

    A withdrawn CA is asked about first: a verifier may keep its certificate still. CertificateAuthorityWithdrawn: the card needs new ones.
    """
    authority = _authority(load(der))
    withdrawn = withdrawals.by_key.get(authority)
    if withdrawn is not None:
        raise CertificateAuthorityWithdrawn(
            withdrawn_at=withdrawn.withdrawn_at.isoformat(timespec="seconds"), reason=withdrawn.reason
        )
    for ca in cas:
        # A copy of the certificates may be an old one, or somebody else's: the signed list says which ones are to be believed.
        if authority == _key_identifier(ca) and withdrawals.believes(ca.public_bytes(Encoding.DER)):
            return verify(der, ca=ca, slot=slot, now=now)
    raise CertificateSignatureInvalid(rule="the issuer is a card CA of the scheme")


def verify_possession(certificate: CardCertificate, message: bytes, signature: bytes) -> None:
    """Check that the certified key signed ``message`` (DER signature, as PIV gives it). Raises PossessionNotProven."""
    if not p256.verifies_der(certificate.card_key, message, signature):
        raise PossessionNotProven(slot=certificate.slot.name)


def load(der: bytes) -> x509.Certificate:
    """Read one certificate in its one DER encoding, without trusting it. Raises CertificateMalformed and nothing else."""
    if len(der) > MAX_LENGTH:
        raise CertificateMalformed(rule=f"at most {MAX_LENGTH} bytes")
    try:
        certificate = x509.load_der_x509_certificate(der)
        again = _whole(certificate)
        # Extensions are parsed late: here is where they may fail.
        count = len(certificate.extensions)
        names = [*certificate.subject, *certificate.issuer]
    except Exception:  # noqa: BLE001 - whatever the parser says of hostile bytes, the answer is one error of ours
        raise CertificateMalformed(rule=_FORM) from None
    if again != der or certificate.version is not x509.Version.v3 or not count or not names:
        raise CertificateMalformed(rule=_FORM)
    if not 0 < certificate.serial_number < 1 << 159:
        raise CertificateMalformed(rule="a positive serial number of at most 20 octets")
    return certificate


def authority_of(der: bytes) -> bytes:
    """The identifier of the CA key that a certificate names as its issuer's, not yet believed. Raises CertificateMalformed."""
    return _authority(load(der))


def key_identifier_of(ca: bytes) -> bytes | None:
    """The identifier of a CA certificate's own key (DER). Raises CertificateMalformed."""
    return _key_identifier(load(ca))


def _authority(certificate: x509.Certificate) -> bytes:
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        found = None
    return found or b""


def _key_identifier(ca: x509.Certificate) -> bytes | None:
    try:
        return ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _whole(certificate: x509.Certificate) -> bytes:
    """The certificate put together again from its three parts (RFC 5280, 4.1).

    What stands around the signed part is not signed, and the parser lets the count of unused bits of the signature pass: this does not.
    """
    bits = b"\x00" + certificate.signature
    return _sequence(certificate.tbs_certificate_bytes + _ECDSA_WITH_SHA256 + b"\x03" + _length(len(bits)) + bits)


def _sequence(content: bytes) -> bytes:
    return b"\x30" + _length(len(content)) + content


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes(-(-length.bit_length() // 8))
    return bytes([0x80 | len(octets)]) + octets


def _card_key(certificate: x509.Certificate) -> bytes:
    try:
        key = certificate.public_key()
    except Exception:  # noqa: BLE001 - as in load
        raise CertificateMalformed(rule="a key on P-256") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateMalformed(rule="a key on P-256")
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _holder_reference(certificate: x509.Certificate) -> str:
    names = list(certificate.subject)
    if len(names) != 1 or names[0].oid != NameOID.COMMON_NAME or not isinstance(names[0].value, str):
        raise CertificateMalformed(rule="a subject of one common name")
    return names[0].value


def _require_profile(certificate: x509.Certificate, ca: x509.Certificate, slot: PivSlot) -> None:
    profile = PROFILES[slot]
    extensions = certificate.extensions

    def require(*, holds: bool, rule: str) -> None:
        if not holds:
            raise CertificateProfileRefused(slot=slot.name, rule=rule)

    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        authority = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        subject = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        raise CertificateProfileRefused(
            slot=slot.name, rule="keyUsage, basicConstraints and key identifiers are there"
        ) from None
    require(holds=usage.value == profile.key_usage() and usage.critical, rule="keyUsage is the slot's")
    require(holds=not constraints.ca, rule="no CA")
    require(holds=authority.key_identifier == subject.digest, rule="authorityKeyIdentifier is the card CA's")
    try:
        extended = tuple(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        extended = ()
    require(holds=extended == profile.extended_usages, rule="extKeyUsage is the slot's")
    known = {
        x509.KeyUsage.oid,
        x509.BasicConstraints.oid,
        x509.AuthorityKeyIdentifier.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectKeyIdentifier.oid,
    }
    require(
        holds=all(extension.oid in known or not extension.critical for extension in extensions),
        rule="no critical extension that we don't know",
    )
