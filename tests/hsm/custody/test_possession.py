# SPDX-License-Identifier: Apache-2.0
"""An auditor's challenge: each signing key that is not ended answers it, and no earlier statement does."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from hsm.custody import possession as possession_module
from hsm.custody.attestation import attestation
from hsm.custody.canonical_json import canonical
from hsm.custody.key_list import list_keys
from hsm.custody.possession import refuse_unproven
from hsm.errors import StatementRefused
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import KeyKind
from hsm.stores.software_store import SoftwareStore
from tests.hsm.custody.test_statement import PLACES
from tests.hsm.documents import NOW

CHALLENGE = "5a" * 16
YEARS = timedelta(days=400)


def attested(store: SoftwareStore, challenge: str = CHALLENGE, later: timedelta = timedelta()) -> dict[str, Any]:
    places: KeyPlaces = PLACES
    listed = list_keys(store, NOW + later)
    document = attestation(store, places, listed, "0" * 64, NOW + later, "test", challenge)
    read: dict[str, Any] = json.loads(canonical(document))
    return read


def test_each_signing_key_answers_the_challenge(store: SoftwareStore) -> None:
    signing = [key for key in store.descriptions() if key.kind is KeyKind.P256]
    assert refuse_unproven(attested(store), CHALLENGE.upper()) == len(signing)


def test_a_key_that_has_ended_answers_nothing(store: SoftwareStore) -> None:
    document = attested(store, later=YEARS)
    living = {key.kid for key in store.descriptions() if key.kind is KeyKind.P256 and key.expires > NOW + YEARS}
    assert {proof["kid"] for proof in document["possession"]} == living
    assert refuse_unproven(document, CHALLENGE) == len(living) == 1  # the card CA's, of three years


def without_one(document: dict[str, Any]) -> None:
    document["possession"].pop()


def another_keys_answer(document: dict[str, Any]) -> None:
    first, second = document["possession"][:2]
    first["es256"], first["point"] = second["es256"], second["point"]


def of_another_time(document: dict[str, Any]) -> None:
    document["at"] = document["at"].replace("2026", "2027")


def of_another_challenge(document: dict[str, Any]) -> None:
    document["challenge"] = "5b" * 16


def no_answer(document: dict[str, Any]) -> None:
    del document["possession"], document["challenge"]


CHANGES = [without_one, another_keys_answer, of_another_time, of_another_challenge, no_answer]


@pytest.mark.parametrize("change", CHANGES, ids=[change.__name__ for change in CHANGES])
def test_a_statement_that_does_not_prove_it_is_refused(
    store: SoftwareStore, change: Callable[[dict[str, Any]], None]
) -> None:
    document = attested(store)
    change(document)
    for challenge in (CHALLENGE, *([] if change is no_answer else [""])):
        with pytest.raises(StatementRefused):
            refuse_unproven(document, challenge)


def test_without_a_challenge_nothing_is_proven_and_nothing_refused(store: SoftwareStore) -> None:
    assert refuse_unproven(attested(store, ""), "") == 0


@pytest.mark.parametrize("broken", [{"possession": 7}, {"keys": {}}, {"possession": [{"kid": "x"}]}], ids=str)
def test_what_is_not_written_as_we_write_it_is_refused(store: SoftwareStore, broken: Mapping[str, Any]) -> None:
    with pytest.raises(StatementRefused):
        refuse_unproven({**attested(store), **broken}, CHALLENGE)


def test_sabotage_without_the_signatures_a_described_key_passes_for_one_at_hand(
    store: SoftwareStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = attested(store)
    document["possession"][0]["es256"] = "00" * 64
    monkeypatch.setattr(possession_module, "signature_holds", lambda *_: True)
    assert refuse_unproven(document, CHALLENGE)
