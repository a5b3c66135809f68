# SPDX-License-Identifier: Apache-2.0
"""The key process signs what this room makes: its guards and our documents agree."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from cardservice.clock import monotonic
from cardservice.credentials import card_certificate, certificate_check, cover_proof, eligibility_token, jwks
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.keys import Purpose
from hsm.errors import DocumentRefused
from hsm.in_process import InProcessKeys
from tests.credentials.signing import AUDIENCE, COVER, ELIGIBILITY, ISSUER, NOW, REFUSAL, REQUEST, at_once


@pytest.fixture(scope="module")
def keys() -> InProcessKeys:
    return InProcessKeys.with_new_keys(clock=lambda: NOW, monotonic=monotonic, randomness=os.urandom)


@pytest.mark.parametrize("claims", [ELIGIBILITY, REFUSAL])
def test_eligibility_tokens(keys: InProcessKeys, claims: eligibility_token.EligibilityToken) -> None:
    token = at_once(eligibility_token.issue(keys.awaited_signer(Purpose.ELIGIBILITY_TOKEN), claims))
    cached = jwks.decode(jwks.encode(keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)))
    assert len(cached) >= 1
    assert eligibility_token.verify(token, keys=cached, issuer=ISSUER, audience=AUDIENCE, now=NOW) == claims


def test_cover_proofs(keys: InProcessKeys) -> None:
    proof = cover_proof.issue(keys.signer(Purpose.COVER_PROOF), COVER)
    cached = jwks.decode(jwks.encode(keys.verifying_keys(Purpose.COVER_PROOF)))
    assert cover_proof.verify(proof, keys=cached, issuer=cover_proof.ISSUER, now=NOW).claims == COVER


@pytest.mark.parametrize("slot", list(PivSlot))
def test_card_certificates(keys: InProcessKeys, slot: PivSlot) -> None:
    ca = certificate_check.load(keys.ca_certificate)
    request = replace(REQUEST, slot=slot, not_after=NOW + timedelta(days=4 * 365))
    der = card_certificate.issue(keys.signer(Purpose.CARD_CA), ca, request)
    assert certificate_check.verify(der, ca=ca, slot=slot, now=NOW).card_key == REQUEST.card_key


def test_a_key_of_another_purpose_refuses(keys: InProcessKeys) -> None:
    with pytest.raises(DocumentRefused):
        at_once(eligibility_token.issue(keys.awaited_signer(Purpose.COVER_PROOF), ELIGIBILITY))
    with pytest.raises(DocumentRefused):
        cover_proof.issue(keys.signer(Purpose.ELIGIBILITY_TOKEN), COVER)
