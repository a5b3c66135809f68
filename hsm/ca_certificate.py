# SPDX-License-Identifier: Apache-2.0
"""The card CA's self-signed certificate (RFC 5280): P-256, path length 0, signs certificates and nothing else."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cardservice.keys import Purpose
from hsm.crypto_periods import CRYPTO_PERIODS
from hsm.key_bundle import StoredKey
from hsm.sealed_file import Randomness

SERIAL_LENGTH = 16  # bytes
BACKDATED = timedelta(days=1)  # verifiers' clocks lag, and a card certificate may begin at midnight


def self_signed_ca_certificate(ca: StoredKey, randomness: Randomness) -> bytes:
    """DER. Valid for the CA's signing years and the life of the last card certificate it signs."""
    private = ec.derive_private_key(int.from_bytes(ca.secret), ec.SECP256R1())
    public = private.public_key()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Kartu"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Kartu Card CA {ca.description.kid} (development)"),
        ]
    )
    period = CRYPTO_PERIODS[Purpose.CARD_CA]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        # Positive and never short: the top two bits are 01 (RFC 5280, 4.1.2.2).
        .serial_number(int.from_bytes(randomness(SERIAL_LENGTH)) >> 2 | 1 << (8 * SERIAL_LENGTH - 2))
        .not_valid_before(ca.description.active_from - BACKDATED)
        .not_valid_after(ca.description.expires + period.reading)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    return builder.sign(private, SHA256()).public_bytes(Encoding.DER)
