# SPDX-License-Identifier: Apache-2.0
"""Issues card certificates (RFC 5280) under the card CA: one per PIV slot, naming a card by a random reference and nobody by name."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.credentials import goodkey, p256, to_be_signed
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.errors import CertificateProfileRefused
from cardservice.credentials.to_be_signed import RevocationAddresses
from cardservice.keys import Signer, VerifyingKey

NO_ADDRESSES = RevocationAddresses()
SERIAL_LENGTH = 20  # bytes of randomness passed in (RFC 5280, 4.1.2.2)

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}", re.ASCII)
_NIK = re.compile(r"[0-9]{16}", re.ASCII)


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
    addresses: RevocationAddresses = NO_ADDRESSES,
) -> bytes:
    """Issue one certificate, in DER. Raises CertificateProfileRefused, KeyRefused, and whatever the signer raises.

    What the signer is given to read is the TBSCertificate.
    """
    tbs = draft(signer.verifying_key, ca, request, addresses=addresses)
    return to_be_signed.signed(tbs, p256.sign(signer, tbs))


def draft(
    issuer: VerifyingKey,
    ca: x509.Certificate,
    request: CardCertificateRequest,
    *,
    addresses: RevocationAddresses = NO_ADDRESSES,
) -> bytes:
    """The TBSCertificate that ``issuer``, the CA's key, is to sign. Raises as ``issue``."""
    goodkey.require_good_card_key(request.card_key)
    _require_request(request, ca)
    if _ca_point(ca) != issuer.point:
        raise CertificateProfileRefused(slot=request.slot.name, rule="the signer is the CA of this certificate")
    return to_be_signed.to_be_signed(
        ca,
        request.slot,
        addresses,
        serial=int.from_bytes(serial_octets(request.serial)),
        subject=request.holder_reference,
        point=request.card_key,
        not_before=request.not_before,
        not_after=request.not_after,
    )


@lru_cache(maxsize=4)  # one CA, and its successor for a while
def _ca_point(ca: x509.Certificate) -> bytes:
    return ca.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


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


def serial_octets(random_octets: bytes) -> bytes:
    """The serial number that 20 random bytes give: positive, 20 octets and never short; the sign bit cleared, the next one set."""
    return bytes([random_octets[0] & 0x7F | 0x40]) + random_octets[1:]
