# SPDX-License-Identifier: Apache-2.0
"""An issuer for the bench: real keys in this process, real certificates and cover proofs, blank software cards. No records, no journal."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509

from applets.virtual.card import VirtualCard
from applets.virtual.factory import blank_chip
from applets.virtual.runtime import Interface
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.personalization_plan import (
    CardPublicKeys,
    ChipFacts,
    Credentials,
    Personalized,
    Plan,
)
from cardservice.card_edge.dialogues.personalize import personalize
from cardservice.card_edge.piv.certificate import certificate_object
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.clock import monotonic, now
from cardservice.credentials import card_certificate, cover_proof, to_be_signed
from cardservice.credentials.card_certificate import CardCertificateRequest
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.issuance.piv_profile import PivIdentity, piv_objects
from cardservice.keys import ISSUER_SECTOR, KeyVersions, Purpose, VerifyingKey
from hsm.client.key_faces import KeyFaces
from hsm.in_process import InProcessKeys
from hsm.limits.rate_limit import DEFAULT_RATES, Rate
from hsm.stores.key_generation import WELL_KNOWN_TRANSPORT_MASTER, development_keys
from hsm.stores.software_store import SoftwareStore

SECTORS = (0x01, 0x10, 0x70)  # health, transport, counter
CARD_LIFE = timedelta(days=5 * 365)
PROOF_LIFE = timedelta(days=35)
PIN, PUK = b"271828", b"31415926"
UNHURRIED = dict.fromkeys(DEFAULT_RATES, Rate(1e9, 10**9))  # a bench is a runaway on purpose

Entropy = Callable[[int], bytes]


def fresh_keys() -> KeyFaces:
    """Development keys, kept nowhere, and no rate limit in the way of measuring."""
    store = SoftwareStore(development_keys(now(), secrets.token_bytes), secrets.token_bytes)
    return InProcessKeys(store, clock=now, monotonic=monotonic, rates=UNHURRIED)


def blank_card(entropy: Entropy = secrets.token_bytes) -> VirtualCard:
    """A blank software card over contacts; its image is in memory and it wastes no time on whoever guesses keys."""
    image = blank_chip(entropy=entropy, transport_master=WELL_KNOWN_TRANSPORT_MASTER)
    return VirtualCard(image, interface=Interface.CONTACT, entropy=entropy, delay=lambda _: None)


@dataclass(slots=True)
class Issuer:
    """Personalizes cards for one invented member."""

    keys: KeyFaces = field(default_factory=fresh_keys)
    entropy: Entropy = secrets.token_bytes
    at: datetime = field(default_factory=now)
    ca: x509.Certificate = field(init=False)
    identity: PivIdentity = field(init=False)
    plan: Plan = field(init=False)

    def __post_init__(self) -> None:
        self.ca = x509.load_der_x509_certificate(self.keys.ca_certificate)
        self.identity = PivIdentity.new(self.entropy)
        objects = piv_objects(self.identity, holder_name="SITI RAHAYU", expires=(self.at + CARD_LIFE).date())
        self.plan = Plan(objects, SECTORS, PIN, PUK)

    def dialogue(self) -> Dialogue[Personalized]:
        """Personalize the blank card that it will be run over."""
        return personalize(self.plan, self.keys.card_keys, self.entropy, bind=self.bind, certify=self.certify)

    def bind(self, _: ChipFacts) -> KeyVersions:
        """Any card will do."""
        return self.keys.card_keys.current_versions((ISSUER_SECTOR, *self.plan.sectors))

    def certify(self, _: ChipFacts, keys: CardPublicKeys) -> Credentials:
        """Four certificates, signed in one trip as cardservice/issuance does it, and one cover proof per sector."""
        signer = self.keys.signer(Purpose.CARD_CA)
        drafts = {slot: self._draft(signer.verifying_key, slot, point) for slot, point in keys.piv.items()}
        signatures = signer.sign_each(list(drafts.values()))
        certificates = {
            slot: to_be_signed.signed(tbs, signature)
            for (slot, tbs), signature in zip(drafts.items(), signatures, strict=True)
        }
        names = self.keys.pseudonyms.pseudonym_each(list(keys.sectors), self.identity.guid)
        proofs = {
            sector: self._proof(point, name) for (sector, point), name in zip(keys.sectors.items(), names, strict=True)
        }
        return Credentials(certificates, proofs)

    def _draft(self, issuer: VerifyingKey, slot: KeyReference, point: bytes) -> bytes:
        request = CardCertificateRequest(
            slot=PivSlot(slot),
            card_key=point,
            holder_reference=self.identity.holder_reference,
            serial=self.entropy(card_certificate.SERIAL_LENGTH),
            not_before=self.at,
            not_after=self.at + CARD_LIFE,
        )
        return card_certificate.draft(issuer, self.ca, request)

    def _proof(self, point: bytes, name: bytes) -> bytes:
        moment = self.at.replace(microsecond=0)
        month = moment.year * 100 + moment.month
        claims = CoverClaims(
            issuer=cover_proof.ISSUER,
            subject=name,
            issued_at=moment,
            expires_at=moment + PROOF_LIFE,
            card_key=point,
            status_list=1,
            status_index=70_000,
            paid_through={1: month, 2: month, 3: month},
            rule_pack=1,
            assurance=2,
        )
        return cover_proof.issue(self.keys.signer(Purpose.COVER_PROOF), claims)


def stored_content(plan: Plan, credentials: Credentials) -> int:
    """Bytes of objects, certificate objects and cover proofs that one card keeps."""
    objects = sum(map(len, plan.piv_objects.values()))
    certificates = sum(len(certificate_object(der)) for der in credentials.certificates.values())
    return objects + certificates + sum(map(len, credentials.cover_proofs.values()))
