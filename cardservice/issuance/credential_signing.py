# SPDX-License-Identifier: Apache-2.0
"""Certificates and cover proofs for the keys a card made: intent stored, then signed, then stored (docs/architecture.md, "A card is issued").

A certificate is drafted first, so that the hash of what will be signed stands in the records before the CA is asked. What is signed is
the drafted TBSCertificate itself, not one built again; all documents of one purpose go to the keys in one trip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography import x509

from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.credentials import card_certificate, cover_proof, p256, to_be_signed
from cardservice.credentials.card_certificate import CardCertificateRequest
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.errors import SignatureMisshapen
from cardservice.issuance.bureau import BatchSigner, Bureau
from cardservice.keys import Purpose, VerifyingKey
from cardservice.records.standing import CardStanding

CARD_LIFE = timedelta(days=5 * 365)
PROOF_LIFE = timedelta(days=35)
SERIAL_LENGTH = 20
ASSURANCE_CARD_PRESENT = 2  # 1 self-asserted, 2 card present, 3 card and PIN

_UNSIGNED = bytes(31) + b"\x01" + bytes(31) + b"\x01"


@dataclass(frozen=True, slots=True)
class Draft:
    """A certificate about to be signed: its serial number, and the TBSCertificate with its SHA-256."""

    serial: bytes
    tbs: bytes = field(repr=False)
    tbs_hash: bytes


class _Drafting:
    """A signer that only looks: it remembers what it was to sign."""

    def __init__(self, verifying_key: VerifyingKey) -> None:
        self.verifying_key = verifying_key
        self.document = b""

    def sign(self, document: bytes) -> bytes:
        self.document = document
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
        tbs = card_certificate.draft(verifying_key, ca, request)
        drafts[slot] = Draft(card_certificate.serial_octets(request.serial), tbs, sha256(tbs).digest())
    return drafts


def sign_certificates(bureau: Bureau, drafts: Mapping[KeyReference, Draft]) -> dict[KeyReference, bytes]:
    """Have the CA sign what was drafted; DER per slot."""
    signatures = _sign_each(bureau.keys.signer(Purpose.CARD_CA), [draft.tbs for draft in drafts.values()])
    return {
        slot: to_be_signed.signed(draft.tbs, signature)
        for (slot, draft), signature in zip(drafts.items(), signatures, strict=True)
    }


def sign_cover_proofs(
    bureau: Bureau, faces: Mapping[int, CardStanding], *, rule_pack: int, at: datetime
) -> dict[int, bytes]:
    """The cover proof of each sector's face, good for 35 days."""
    signer = bureau.keys.signer(Purpose.COVER_PROOF)
    moment = at.replace(microsecond=0)
    drafted: dict[int, bytes] = {}
    documents: list[bytes] = []
    for sector, face in faces.items():
        claims = CoverClaims(
            issuer=cover_proof.ISSUER,
            subject=face.face,
            issued_at=moment,
            expires_at=moment + PROOF_LIFE,
            card_key=face.key_point,
            status_list=face.status_list,
            status_index=face.status_index,
            paid_through=face.paid.stated_through(at),
            rule_pack=rule_pack,
            assurance=ASSURANCE_CARD_PRESENT,
        )
        looking = _Drafting(signer.verifying_key)
        drafted[sector] = cover_proof.issue(looking, claims)
        documents.append(looking.document)
    signatures = _sign_each(signer, documents)
    # The signature is the last thing in a COSE_Sign1 (RFC 9052, 4.2), and always of one length.
    return {
        sector: draft[: -p256.SIGNATURE_LENGTH] + signature
        for (sector, draft), signature in zip(drafted.items(), signatures, strict=True)
    }


def spki_sha256(point: bytes) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo of an uncompressed point, by which a key is known for ever."""
    return sha256(p256.subject_public_key_info(point)).digest()


def _sign_each(signer: BatchSigner, documents: Sequence[bytes]) -> list[bytes]:
    signatures = signer.sign_each(documents)
    for signature in signatures:
        if len(signature) != p256.SIGNATURE_LENGTH:
            raise SignatureMisshapen(length=len(signature))
    return signatures
