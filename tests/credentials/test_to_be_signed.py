# SPDX-License-Identifier: Apache-2.0
"""The TBSCertificate that is put together here equals, byte for byte, the one that the library builds."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from cardservice.credentials import p256
from cardservice.credentials.certificate_profile import PROFILES, PivSlot
from cardservice.credentials.der import INTEGER, der, integer, object_identifier
from cardservice.credentials.errors import CertificateMalformed
from cardservice.credentials.to_be_signed import RevocationAddresses, to_be_signed
from tests.credentials.signing import CA_SIGNER, CARD, ca_certificate

CA = ca_certificate()
POINT = CARD.verifying_key.point
NOWHERE = RevocationAddresses()
SOMEWHERE = RevocationAddresses("http://pki.kartu.example/card.crl", "http://ocsp.kartu.example")


def by_the_library(
    slot: PivSlot, addresses: RevocationAddresses, serial: int, subject: str, begin: datetime, end: datetime
) -> bytes:
    profile = PROFILES[slot]
    authority = CA.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .issuer_name(CA.subject)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .public_key(p256.public_key(POINT))
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(profile.key_usage(), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(p256.public_key(POINT)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), critical=False)
    )
    if profile.extended_usages:
        usage = x509.ExtendedKeyUsage(profile.extended_usages)
        builder = builder.add_extension(usage, critical=profile.extended_usage_critical)
    if addresses.crl is not None:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(addresses.crl)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
    if addresses.ocsp is not None:
        responder = x509.UniformResourceIdentifier(addresses.ocsp)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return builder.sign(CA_SIGNER.private_key, hashes.SHA256()).tbs_certificate_bytes


@given(
    st.sampled_from(PivSlot),
    st.sampled_from([NOWHERE, SOMEWHERE]),
    st.integers(1, (1 << 159) - 1),
    st.text("ABCDEFGHabcdefgh0123456789-", min_size=1, max_size=64),
    st.datetimes(datetime(1970, 1, 1), datetime(2070, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is beside
)
def test_every_byte_is_the_librarys(
    slot: PivSlot, addresses: RevocationAddresses, serial: int, subject: str, begin: datetime
) -> None:
    begin = begin.replace(microsecond=0)
    end = begin + timedelta(days=1825)
    made = to_be_signed(
        CA,
        slot,
        addresses,
        serial=serial,
        subject=subject,
        point=POINT,
        not_before=begin + timedelta(microseconds=999),
        not_after=end,
    )
    assert made == by_the_library(slot, addresses, serial, subject, begin, end)


def test_a_time_is_told_in_utc() -> None:
    begin = datetime.fromisoformat("2026-11-23T13:00:00+07:00")
    end = datetime(2031, 1, 1, tzinfo=UTC)
    made = to_be_signed(
        CA, PivSlot.SIGNATURE, NOWHERE, serial=1, subject="REF-1", point=POINT, not_before=begin, not_after=end
    )
    assert b"261123060000Z" in made


def test_a_ca_without_an_identifier_signs_nothing() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nameless")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    ca = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(CertificateMalformed):
        to_be_signed(
            ca, PivSlot.SIGNATURE, NOWHERE, serial=1, subject="R", point=POINT, not_before=begin, not_after=begin
        )


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [
        ("2.5.29.15", "0603551d0f"),
        ("1.2.840.113549", "06062a864886f70d"),
        ("2.16.840.1.101.3.6.8", "06086086480165030608"),
    ],
)
def test_object_identifiers(dotted: str, encoded: str) -> None:
    assert object_identifier(dotted).hex() == encoded


@pytest.mark.parametrize(
    ("number", "encoded"), [(0, "020100"), (127, "02017f"), (128, "02020080"), (255, "020200ff"), (256, "02020100")]
)
def test_integers(number: int, encoded: str) -> None:
    assert integer(number).hex() == encoded


@pytest.mark.parametrize(("length", "head"), [(127, "027f"), (128, "028180"), (255, "0281ff"), (256, "02820100")])
def test_lengths(length: int, head: str) -> None:
    assert der(INTEGER, bytes(length)).hex() == head + "00" * length
