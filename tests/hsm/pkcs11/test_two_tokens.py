# SPDX-License-Identifier: Apache-2.0
"""Purposes in two tokens of one module: they work as one, and both come back after a loss."""

import os
from itertools import count
from pathlib import Path

import pytest

from cardservice.clock import monotonic
from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.errors import KeyMisplaced, TokenLost
from hsm.in_process import InProcessKeys
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import KeyStore
from hsm.stores.key_generation import make_development_keys
from hsm.stores.open_keys import open_custody, open_store
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.documents import NOW, token_input
from tests.hsm.running import SetClock
from tests.hsm.softhsm import SoftHsm

pytestmark = pytest.mark.needs("softhsm2")
KDD = bytes(10)
ISSUER, TRANSPORT = KeySet(KeyOrigin.SCHEME, 0x30, KDD), KeySet(KeyOrigin.TRANSPORT, 0xFF, KDD)


@pytest.fixture
def softhsm(tmp_path: Path) -> SoftHsm:
    softhsm = SoftHsm(tmp_path / "hsm")
    softhsm.add_token("signing")
    softhsm.enter()
    return softhsm


@pytest.fixture
def places(softhsm: SoftHsm) -> KeyPlaces:
    signing = softhsm.uri("signing")
    return KeyPlaces(softhsm.uri(), {Purpose.ELIGIBILITY_TOKEN: signing, Purpose.CARD_CA: signing})


def works(store: KeyStore) -> None:
    keys = InProcessKeys(store, clock=SetClock(), monotonic=monotonic)
    signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
    assert signer.sign(token_input(signer.verifying_key.kid))
    assert keys.card_keys.session_keys([SessionRequest(ISSUER, bytes(8), bytes(8))])
    assert len(keys.card_keys.wrapped_key_set(ISSUER, TRANSPORT)) == 3
    assert keys.sealer.unseal("a", keys.sealer.seal([("a", b"value")])[0], reason="test") == b"value"


def test_two_tokens_work_as_one_and_come_back_after_a_loss(softhsm: SoftHsm, places: KeyPlaces) -> None:
    seconds = count()
    with open_custody(places) as custody:
        make_development_keys(custody, NOW, os.urandom)
    store = open_store(places, monotonic=lambda: float(next(seconds)))
    assert {key.purpose for key in open_store(KeyPlaces(softhsm.uri("signing"))).descriptions()} == {
        Purpose.ELIGIBILITY_TOKEN,
        Purpose.CARD_CA,
    }
    works(store)
    away = softhsm.tokens.with_name("away")
    softhsm.tokens.rename(away)
    with pytest.raises(TokenLost):
        works(store)
    away.rename(softhsm.tokens)
    works(store)


def test_a_key_in_the_other_token_is_named(places: KeyPlaces) -> None:
    with open_custody(KeyPlaces(places.elsewhere)) as custody:
        custody.generate(plan(Purpose.CARD_CA), NOW)
    with pytest.raises(KeyMisplaced, match="card-ca"):
        open_store(places)
