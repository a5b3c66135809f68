# SPDX-License-Identifier: Apache-2.0
"""The TBSCertificate of a card certificate (RFC 5280, 4.1.2) and the certificate around it.

Most of it is the same for every card of a slot and is encoded once, by the library; what differs per card is put between. A test compares every
byte with what the library builds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

from cardservice.credentials import p256
from cardservice.credentials.certificate_profile import PROFILES, PivSlot
from cardservice.credentials.der import (
    BIT_STRING,
    GENERALIZED_TIME,
    OCTET_STRING,
    SEQUENCE,
    SET,
    TRUE,
    UTC_TIME,
    UTF8_STRING,
    der,
    integer,
    object_identifier,
)
from cardservice.credentials.errors import CertificateMalformed

ECDSA_WITH_SHA256 = bytes.fromhex("300A06082A8648CE3D040302")  # AlgorithmIdentifier (RFC 5758, 3.2)
_VERSION_3 = bytes.fromhex("A003020102")
_EXTENSIONS = 0xA3
_COMMON_NAME = object_identifier(NameOID.COMMON_NAME.dotted_string)
_SUBJECT_KEY_IDENTIFIER = object_identifier(ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string)
_UTC_TIME_UNTIL = 2050  # RFC 5280, 4.1.2.5


@dataclass(frozen=True, slots=True)
class RevocationAddresses:
    """Where a verifier can ask about revocation, if the deployment has such places."""

    crl: str | None = None
    ocsp: str | None = None


@dataclass(frozen=True, slots=True)
class _Frame:
    """What every certificate of one slot has: the issuer, and the extensions before and after subjectKeyIdentifier."""

    issuer: bytes
    before: bytes
    after: bytes


def to_be_signed(
    ca: x509.Certificate,
    slot: PivSlot,
    addresses: RevocationAddresses,
    *,
    serial: int,
    subject: str,
    point: bytes,
    not_before: datetime,
    not_after: datetime,
) -> bytes:
    """The TBSCertificate, in DER. Fractions of seconds are cut off. Raises CertificateMalformed for a CA without subjectKeyIdentifier."""
    frame = _frame(ca, slot, addresses)
    # RFC 5280, 4.2.1.2, method 1: a name, for which SHA-1 is what everybody uses
    identifier = der(OCTET_STRING, sha1(point, usedforsecurity=False).digest())
    return der(
        SEQUENCE,
        _VERSION_3,
        integer(serial),
        ECDSA_WITH_SHA256,
        frame.issuer,
        der(SEQUENCE, _time(not_before), _time(not_after)),
        der(SEQUENCE, der(SET, der(SEQUENCE, _COMMON_NAME, der(UTF8_STRING, subject.encode())))),
        p256.subject_public_key_info(point),
        der(
            _EXTENSIONS,
            der(
                SEQUENCE,
                frame.before,
                der(SEQUENCE, _SUBJECT_KEY_IDENTIFIER, der(OCTET_STRING, identifier)),
                frame.after,
            ),
        ),
    )


def signed(tbs: bytes, signature: bytes) -> bytes:
    """Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }, ``signature`` being raw r|s."""
    return der(SEQUENCE, tbs, ECDSA_WITH_SHA256, der(BIT_STRING, b"\x00", p256.to_der(signature)))


@lru_cache(maxsize=64)  # four slots of one CA, and of its successor for a while
def _frame(ca: x509.Certificate, slot: PivSlot, addresses: RevocationAddresses) -> _Frame:
    profile = PROFILES[slot]
    before = _extension(profile.key_usage(), critical=True)
    before += _extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    ours = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_ca_key_identifier(ca))
    after = _extension(ours, critical=False)
    if profile.extended_usages:
        after += _extension(x509.ExtendedKeyUsage(profile.extended_usages), critical=profile.extended_usage_critical)
    if addresses.crl is not None:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(addresses.crl)], None, None, None)
        after += _extension(x509.CRLDistributionPoints([place]), critical=False)
    if addresses.ocsp is not None:
        responder = x509.UniformResourceIdentifier(addresses.ocsp)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder)
        after += _extension(x509.AuthorityInformationAccess([access]), critical=False)
    return _Frame(ca.subject.public_bytes(), before, after)


def _extension(value: x509.ExtensionType, *, critical: bool) -> bytes:
    oid = object_identifier(value.oid.dotted_string)
    return der(SEQUENCE, oid, TRUE if critical else b"", der(OCTET_STRING, value.public_bytes()))


def _ca_key_identifier(ca: x509.Certificate) -> x509.SubjectKeyIdentifier:
    try:
        return ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        raise CertificateMalformed(rule="the CA certificate has a subjectKeyIdentifier") from None


def _time(moment: datetime) -> bytes:
    at = moment.astimezone(UTC)
    if at.year < _UTC_TIME_UNTIL:
        return der(UTC_TIME, f"{at:%y%m%d%H%M%SZ}".encode())
    return der(GENERALIZED_TIME, f"{at:%Y%m%d%H%M%SZ}".encode())
