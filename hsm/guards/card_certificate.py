# SPDX-License-Identifier: Apache-2.0
"""The guard of a card certificate: a TBSCertificate (RFC 5280, 4.1) that names a card's key, by our CA, and gives no power to certify."""

from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsm.guards.card_certificate_extensions import guard_extensions
from hsm.guards.signing_context import SigningContext

MAX_LENGTH = 2 * 1024
MIN_SERIAL_BITS = 64
MAX_SERIAL_BITS = 159  # 20 octets, positive (RFC 5280, 4.1.2.2)
MAX_LIFE = timedelta(days=5 * 366)  # crypto_periods.py: a card certificate lives at most 5 years
MAX_SKEW = timedelta(days=1)  # notBefore may lie this far from now

_ECDSA_WITH_SHA256 = bytes.fromhex("300A06082A8648CE3D040302")
_PARSER_COMPLAINTS = (
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    Warning,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
# What a signature looks like, so that the parser sees a whole certificate: ECDSA-Sig-Value { r 1, s 1 }.
_DUMMY_SIGNATURE = bytes.fromhex("0309003006020101020101")


def guard_card_certificate(document: bytes, context: SigningContext) -> None:
    """Raise DocumentRefused unless the document is the to-be-signed part of a card certificate of our CA."""
    context.require(holds=len(document) <= MAX_LENGTH, rule=f"at most {MAX_LENGTH} bytes")
    try:
        _guard_certificate(_read(document, context), context)
    except _PARSER_COMPLAINTS:
        # The parser is lazy: a part that is no DER may show only when it is looked at.
        raise context.refusal("a TBSCertificate in DER throughout") from None


def _guard_certificate(certificate: x509.Certificate, context: SigningContext) -> None:
    ca = context.ca_certificate
    # STEP 1: version, algorithm, serial
    context.require(holds=certificate.version is x509.Version.v3, rule="version 3")
    after_serial = _after_serial(certificate.tbs_certificate_bytes)
    context.require(holds=after_serial.startswith(_ECDSA_WITH_SHA256), rule="signature is ecdsa-with-SHA256")
    bits = certificate.serial_number.bit_length()
    context.require(
        holds=certificate.serial_number > 0 and MIN_SERIAL_BITS <= bits <= MAX_SERIAL_BITS,
        rule="serial number has 64 to 159 bits",
    )
    # STEP 2: names
    ca_name, ca_begin, ca_end = _facts_of(ca)
    # The issuer is the element after the algorithm: compared as it stands, since taking names apart costs more than all other rules.
    issuer = after_serial[len(_ECDSA_WITH_SHA256) :]
    context.require(holds=issuer.startswith(ca_name), rule="issuer is our card CA")
    context.require(holds=len(certificate.subject.rdns) > 0, rule="subject has a name")
    context.require(holds=certificate.subject != ca.subject, rule="subject is not our card CA")
    # STEP 3: validity inside the CA's
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    context.require(holds=ca_begin <= begin < end <= ca_end, rule="validity lies inside the CA's")
    context.require(holds=end - begin <= MAX_LIFE, rule="validity is at most five years")
    context.require(holds=abs(begin - context.now) <= MAX_SKEW, rule="validity begins today")
    # STEP 4: the key
    _guard_key(certificate, context)
    # STEP 5: extensions
    guard_extensions(certificate, context)


@lru_cache(maxsize=4)  # one CA, and its successor for a while; both never change
def _facts_of(ca: x509.Certificate) -> tuple[bytes, datetime, datetime]:
    return ca.subject.public_bytes(), ca.not_valid_before_utc, ca.not_valid_after_utc


def _read(document: bytes, context: SigningContext) -> x509.Certificate:
    content = document + _ECDSA_WITH_SHA256 + _DUMMY_SIGNATURE
    whole = b"\x30" + _der_length(len(content)) + content
    certificate = x509.load_der_x509_certificate(whole)
    # The parser must have seen our bytes as the signed part, not as something around another one.
    context.require(holds=certificate.tbs_certificate_bytes == document, rule="one TBSCertificate in DER")
    return certificate


def _guard_key(certificate: x509.Certificate, context: SigningContext) -> None:
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        raise context.refusal("subject key is on P-256") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise context.refusal("subject key is on P-256")
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    context.require(holds=point not in context.own_points, rule="subject key is not one of the scheme's own keys")


def _after_serial(tbs: bytes) -> bytes:
    """From the field ``signature`` on, which must be ecdsa-with-SHA256; the parser itself looks only at the one outside, which is ours.

    After the header come version (A0 03 02 01 02) and serialNumber, whose length the rule on its size keeps in one byte.
    """
    header = 2 if tbs[1] < 0x80 else 2 + (tbs[1] & 0x7F)
    serial = header + 5
    return tbs[serial + 2 + tbs[serial + 1] :]


def _der_length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes(-(-length.bit_length() // 8))
    return bytes([0x80 | len(octets)]) + octets
