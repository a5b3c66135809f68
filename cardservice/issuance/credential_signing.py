# SPDX-License-Identifier: Apache-2.0
"""Certificates and cover proofs for the keys a card made: intent stored, then signed, then stored (docs/architecture.md, "A card is issued").

A certificate is drafted first, so that the hash of what will be signed stands in the records before the CA is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.credentials import card_certificate, cover_proof
from cardservice.credentials.card_certificate import CardCertificateRequest
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.issuance.bureau import Bureau
from cardservice.keys import Purpose, Signer, VerifyingKey

CARD_LIFE = timedelta(days=5 * 365)
PROOF_LIFE = timedelta(days=35)
ISSUER_NAME = "kjs"
SERIAL_LENGTH = 20
ASSURANCE_CARD_PRESENT = 2  # 1 self-asserted, 2 card present, 3 card and PIN

_UNSIGNED = bytes(31) + b"\x01" + bytes(31) + b"\x01"


@dataclass(frozen=True, slots=True)
class Draft:
    """A certificate about to be signed: the request, its serial number, and SHA-256 of the TBSCertificate."""

    request: CardCertificateRequest
    serial: bytes
    tbs_hash: bytes


class _Drafting:
    """A signer that only looks: it remembers the hash of what it was to sign."""

    def __init__(self, verifying_key: VerifyingKey) -> None:
        self.verifying_key = verifying_key
        self.document_hash = b""

    def sign(self, document: bytes) -> bytes:
        self.document_hash = sha256(document).digest()
        return _UNSIGNED


def draft_certificates(
    bureau: Bureau, keys: CardPublicKeys, holder_reference: str, at: datetime
) -> dict[KeyReference, Draft]:
    """Draft one certificate per PIV key. Raises KeyRefused for a key that is not good."""
    ca = x509.load_der_x509_certificate(bureau.keys.ca_certificate)
    verifying_key = bureau.keys.signer(Purpose.CARD_CA).verifying_key
    drafts = {}
    for slot, point in keys.piv.items():
        not_after = min(at + CARD_LIFE, ca.not_valid_after_utc)
        request = CardCertificateRequest(
            PivSlot(slot), point, holder_reference, bureau.entropy(SERIAL_LENGTH), at, not_after
        )
        looking = _Drafting(verifying_key)
        drafted = x509.load_der_x509_certificate(card_certificate.issue(looking, ca, request))
        drafts[slot] = Draft(request, drafted.serial_number.to_bytes(SERIAL_LENGTH, "big"), looking.document_hash)
    return drafts


def sign_certificates(bureau: Bureau, drafts: Mapping[KeyReference, Draft]) -> dict[KeyReference, bytes]:
    """Have the CA sign what was drafted; DER per slot."""
    ca = x509.load_der_x509_certificate(bureau.keys.ca_certificate)
    signer: Signer = bureau.keys.signer(Purpose.CARD_CA)
    return {slot: card_certificate.issue(signer, ca, draft.request) for slot, draft in drafts.items()}


def sign_cover_proof(
    bureau: Bureau,
    *,
    face: bytes,
    point: bytes,
    status_place: tuple[int, int],
    paid_through: Mapping[int, int],
    rule_pack: int,
    at: datetime,
) -> bytes:
    """The cover proof of one sector, good for 35 days."""
    moment = at.replace(microsecond=0)
    claims = CoverClaims(
        issuer=ISSUER_NAME,
        subject=face,
        issued_at=moment,
        expires_at=moment + PROOF_LIFE,
        card_key=point,
        status_list=status_place[0],
        status_index=status_place[1],
        paid_through=paid_through,
        rule_pack=rule_pack,
        assurance=ASSURANCE_CARD_PRESENT,
    )
    return cover_proof.issue(bureau.keys.signer(Purpose.COVER_PROOF), claims)


def spki_sha256(point: bytes) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo of an uncompressed point, by which a key is known for ever."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
