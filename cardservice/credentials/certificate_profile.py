# SPDX-License-Identifier: Apache-2.0
"""What each of the four PIV certificates is for (SP 800-73 part 1, 4; FIPS 201-3, 4.2.2): usages, and nothing about the holder."""

from dataclasses import dataclass
from enum import IntEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

PIV_CARD_AUTH = x509.ObjectIdentifier("2.16.840.1.101.3.6.8")  # id-PIV-cardAuth (FIPS 201-3, 4.2.2.2)


class PivSlot(IntEnum):
    """The key references of SP 800-78, table 6-1, that carry a card certificate."""

    AUTHENTICATION = 0x9A
    SIGNATURE = 0x9C
    KEY_MANAGEMENT = 0x9D
    CARD_AUTHENTICATION = 0x9E


@dataclass(frozen=True, slots=True)
class CertificateProfile:
    """Key usage and extended key usage of one slot. ``extended_usage_critical`` is so where nothing else may use the key."""

    digital_signature: bool = False
    content_commitment: bool = False
    key_agreement: bool = False
    extended_usages: tuple[x509.ObjectIdentifier, ...] = ()
    extended_usage_critical: bool = False

    def key_usage(self) -> x509.KeyUsage:
        """The keyUsage extension."""
        return x509.KeyUsage(
            digital_signature=self.digital_signature,
            content_commitment=self.content_commitment,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=self.key_agreement,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )


PROFILES = {
    PivSlot.AUTHENTICATION: CertificateProfile(
        digital_signature=True, extended_usages=(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON)
    ),
    PivSlot.SIGNATURE: CertificateProfile(digital_signature=True, content_commitment=True),
    PivSlot.KEY_MANAGEMENT: CertificateProfile(key_agreement=True),
    PivSlot.CARD_AUTHENTICATION: CertificateProfile(
        digital_signature=True, extended_usages=(PIV_CARD_AUTH,), extended_usage_critical=True
    ),
}
