# SPDX-License-Identifier: Apache-2.0
"""What cardservice/credentials builds is what the guards demand: issued through the keys, verified with what the keys publish."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.clock import monotonic
from cardservice.credentials import card_certificate, cover_proof, eligibility_token
from cardservice.credentials.card_certificate import CardCertificateRequest
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.credentials.to_be_signed import RevocationAddresses
from cardservice.keys import Purpose
from hsm.client.key_faces import KeyFaces
from hsm.errors import DocumentRefused
from hsm.in_process import InProcessKeys
from hsm.stores.software_store import SoftwareStore
from tests.hsm.awaited import awaited
from tests.hsm.documents import NOW, token_input
from tests.hsm.running import SetClock

ISSUER = "https://kartu.example"
CARD_KEY = (
    ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
)


def test_an_eligibility_token(keys: KeyFaces) -> None:
    token = EligibilityToken(
        issuer=ISSUER,
        audience="rs-harapan",
        subject="3q2-7wAAAAAAAAAAAAAAAA",
        token_id="0190a7c2-1111-7000-8000-000000000001",
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
        as_of=NOW.date(),
        programme="JKK",
        assurance=2,
        card_key_thumbprint="A" * 42 + "8",
        covered=True,
        until=NOW.date(),
        sector=1,
    )
    issued = awaited(keys, eligibility_token.issue(keys.awaited_signer(Purpose.ELIGIBILITY_TOKEN), token))
    published = keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)
    assert eligibility_token.verify(issued, keys=published, issuer=ISSUER, audience="rs-harapan", now=NOW) == token


def test_a_cover_proof(keys: KeyFaces) -> None:
    claims = CoverClaims(
        issuer=cover_proof.ISSUER,
        subject=keys.pseudonyms.pseudonym(1, b"member"),
        issued_at=NOW,
        expires_at=NOW + timedelta(days=35),
        card_key=CARD_KEY,
        status_list=1,
        status_index=70_000,
        paid_through={1: 202611, 2: 202611, 3: 202610},
        rule_pack=7,
        assurance=2,
    )
    proof = cover_proof.issue(keys.signer(Purpose.COVER_PROOF), claims)
    published = keys.verifying_keys(Purpose.COVER_PROOF)
    assert cover_proof.verify(proof, keys=published, issuer=cover_proof.ISSUER, now=NOW).claims == claims
    assert len(proof) <= 231


@pytest.mark.parametrize("slot", PivSlot)
def test_a_card_certificate_of_each_slot(keys: KeyFaces, slot: PivSlot) -> None:
    ca = x509.load_der_x509_certificate(keys.ca_certificate)
    request = CardCertificateRequest(
        slot=slot,
        card_key=CARD_KEY,
        holder_reference="7f3a9c2e-4b1d-4e8a-9d55-0c1f2e3a4b5c",
        serial=bytes(range(20)),
        not_before=NOW.replace(hour=0),
        not_after=NOW + timedelta(days=5 * 365),
    )
    addresses = RevocationAddresses("https://kartu.example/crl", "https://kartu.example/ocsp")
    issued = card_certificate.issue(keys.signer(Purpose.CARD_CA), ca, request, addresses=addresses)
    x509.load_der_x509_certificate(issued).verify_directly_issued_by(ca)


def bound_to(issuer: str, store: SoftwareStore) -> InProcessKeys:
    return InProcessKeys(store, clock=SetClock(), monotonic=monotonic, issuer=issuer)


def test_a_token_in_another_issuers_name_is_not_signed(store: SoftwareStore) -> None:
    signer = bound_to(ISSUER, store).signer(Purpose.ELIGIBILITY_TOKEN)
    assert signer.sign(token_input(signer.verifying_key.kid))
    for another in ("https://kartu.example.attacker.example", ISSUER + "/", ISSUER.upper(), "kartu"):
        with pytest.raises(DocumentRefused, match="iss"):
            signer.sign(token_input(signer.verifying_key.kid, iss=another))


def test_sabotage_a_guard_that_was_told_no_issuer_signs_for_anybody(store: SoftwareStore) -> None:
    signer = bound_to("", store).signer(Purpose.ELIGIBILITY_TOKEN)
    assert signer.sign(token_input(signer.verifying_key.kid, iss="https://attacker.example"))
