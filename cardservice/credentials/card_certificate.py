# SPDX-License-Identifier: Apache-2.0
"""Issues card certificates (RFC 5280) under the card CA: one per PIV slot, naming a card by a random reference and nobody by name."""

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from cardservice.credentials import goodkey, p256
from cardservice.credentials.certificate_profile import PROFILES, PivSlot
from cardservice.credentials.errors import CertificateMalformed, CertificateProfileRefused
from cardservice.credentials.remote_key import RemoteP256Key
from cardservice.keys import Signer

SERIAL_LENGTH = 20  # bytes of randomness passed in (RFC 5280, 4.1.2.2)

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}", re.ASCII)
_NIK = re.compile(r"[0-9]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RevocationAddresses:
    """Where a verifier can ask about revocation, if the deployment has such places."""

    crl: str | None = None
    ocsp: str | None = None


@dataclass(frozen=True, slots=True)
class CardCertificateRequest:
    """What one certificate shall say. ``holder_reference`` is random and means nothing outside; ``card_key`` is an uncompressed point.

    ``serial`` is 20 random bytes. Times are aware; fractions of seconds are cut off.
    """

    slot: PivSlot
    card_key: bytes
    holder_reference: str
    serial: bytes
    not_before: datetime
    not_after: datetime


def issue(
    signer: Signer,
    ca: x509.Certificate,
    request: CardCertificateRequest,
    *,
    addresses: RevocationAddresses = RevocationAddresses(),
) -> bytes:
    """Issue one certificate, in DER. Raises CertificateProfileRefused, KeyRefused, and whatever the signer raises.

    What the signer is given to read is the TBSCertificate.
    """
    goodkey.require_good_card_key(request.card_key)
    _require_request(request, ca)
    if ca.public_key() != p256.public_key(signer.verifying_key.point):
        raise CertificateProfileRefused(slot=request.slot.name, rule="the signer is the CA of this certificate")
    builder = (
        x509.CertificateBuilder()
        .serial_number(_serial_number(request.serial))
        .issuer_name(ca.subject)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, request.holder_reference)]))
        .public_key(p256.public_key(request.card_key))
        .not_valid_before(request.not_before.replace(microsecond=0))
        .not_valid_after(request.not_after.replace(microsecond=0))
    )
    for extension, critical in _extensions(request, ca, addresses):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(RemoteP256Key(signer), hashes.SHA256()).public_bytes(Encoding.DER)


def _extensions(
    request: CardCertificateRequest, ca: x509.Certificate, addresses: RevocationAddresses
) -> list[tuple[x509.ExtensionType, bool]]:
    profile = PROFILES[request.slot]
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (profile.key_usage(), True),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectKeyIdentifier.from_public_key(p256.public_key(request.card_key)), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_ca_key_identifier(ca)), False),
    ]
    if profile.extended_usages:
        extensions.append((x509.ExtendedKeyUsage(profile.extended_usages), profile.extended_usage_critical))
    if addresses.crl is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(addresses.crl)], None, None, None)
        extensions.append((x509.CRLDistributionPoints([point]), False))
    if addresses.ocsp is not None:
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(addresses.ocsp)
        )
        extensions.append((x509.AuthorityInformationAccess([access]), False))
    return extensions


def _ca_key_identifier(ca: x509.Certificate) -> x509.SubjectKeyIdentifier:
    try:
        return ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        raise CertificateMalformed(rule="the CA certificate has a subjectKeyIdentifier") from None


def _require_request(request: CardCertificateRequest, ca: x509.Certificate) -> None:
    def require(*, holds: bool, rule: str) -> None:
        if not holds:
            raise CertificateProfileRefused(slot=request.slot.name, rule=rule)

    reference = request.holder_reference
    require(
        holds=_REFERENCE.fullmatch(reference) is not None, rule="a holder reference of 8 to 64 letters, digits, hyphens"
    )
    require(holds=_NIK.search(reference) is None, rule="a holder reference that can't be a NIK")
    require(holds=len(request.serial) == SERIAL_LENGTH, rule=f"a serial of {SERIAL_LENGTH} random bytes")
    require(
        holds=ca.not_valid_before_utc <= request.not_before < request.not_after <= ca.not_valid_after_utc,
        rule="a validity inside the CA's",
    )


def _serial_number(random_octets: bytes) -> int:
    """A positive number of at most 20 octets, never short: the sign bit cleared, the next one set."""
    number = int.from_bytes(random_octets)
    return number & ((1 << 159) - 1) | (1 << 158)
