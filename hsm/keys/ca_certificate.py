# SPDX-License-Identifier: Apache-2.0
"""The card CA's self-signed certificate (RFC 5280): P-256, path length 0, signs certificates and nothing else.

The library's builder signs with a key in memory only, and the CA's key may be in a token. So it signs with a throw-away key, and
the signature is replaced by the store's: what was to be signed does not depend on who signs.
"""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from cardservice.keys import Purpose
from hsm.algorithms.es256 import der_signature
from hsm.errors import CaCertificateRefused
from hsm.keys.crypto_periods import CRYPTO_PERIODS
from hsm.keys.key_check import point_of_public
from hsm.keys.key_store import KeyDescription, KeyStore
from hsm.keys.randomness import Randomness

SERIAL_LENGTH = 16  # bytes
BACKDATED = timedelta(days=1)  # verifiers' clocks lag, and a card certificate may begin at midnight
_ECDSA_WITH_SHA256 = bytes.fromhex("300A06082A8648CE3D040302")  # AlgorithmIdentifier (RFC 5758, 3.2)
_SEQUENCE, _BIT_STRING = 0x30, 0x03


def self_signed_ca_certificate(
    store: KeyStore, ca: KeyDescription, randomness: Randomness, *, remark: str = ""
) -> bytes:
    """DER. Valid for the CA's signing years and the life of the last card certificate it signs. ``remark`` ends the common name."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), store.verifying_point(ca))
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Kartu"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Kartu Card CA {ca.kid} {remark}".strip()),
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
        .not_valid_before(ca.active_from - BACKDATED)
        .not_valid_after(ca.expires + period.reading)
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
    to_be_signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).tbs_certificate_bytes
    signature = _der(_BIT_STRING, b"\0" + der_signature(store.sign_es256(ca, to_be_signed)))
    return _der(_SEQUENCE, to_be_signed + _ECDSA_WITH_SHA256 + signature)


def refuse_foreign_ca_certificate(certificate: bytes, store: KeyStore) -> None:
    """Raise CaCertificateRefused unless it is DER of a CA certificate over a card CA key of the store."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        public = parsed.public_key()
        is_ca = parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        raise CaCertificateRefused(rule="DER of a certificate with basic constraints") from None
    points = {store.verifying_point(key) for key in store.descriptions() if key.purpose is Purpose.CARD_CA}
    if not isinstance(public, ec.EllipticCurvePublicKey) or point_of_public(public) not in points:
        raise CaCertificateRefused(rule="it is over a card CA key that is held here")
    if not is_ca:
        raise CaCertificateRefused(rule="it makes its key a CA")


def _der(tag: int, content: bytes) -> bytes:
    """TLV with the shortest length (X.690, 10.1)."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes(-(-length.bit_length() // 8))
    return bytes([tag, 0x80 | len(octets)]) + octets + content
