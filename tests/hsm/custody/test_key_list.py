# SPDX-License-Identifier: Apache-2.0
"""The list of keys: states as time goes by, which key is the current one, and what is due."""

import os
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cardservice.keys import Purpose
from hsm.custody.key_list import KeyState, ListedKey, list_keys, warnings
from hsm.keys.crypto_periods import CRYPTO_PERIODS
from hsm.keys.key_store import KeyKind
from hsm.operations.key_ring import KeyRing
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW

DAY = timedelta(days=1)


def listed(store: SoftwareStore, purpose: Purpose, now: datetime) -> list[ListedKey]:
    return [key for key in list_keys(store, now) if key.description.purpose is purpose]


def states(store: SoftwareStore, purpose: Purpose, now: datetime) -> list[KeyState]:
    return [key.state for key in listed(store, purpose, now)]


def test_token_keys_follow_one_another(store: SoftwareStore) -> None:
    """Token key 90 days, the next takes over 7 days before (docs/operations/keys.md)."""
    purpose = Purpose.ELIGIBILITY_TOKEN
    assert states(store, purpose, NOW) == [KeyState.ACTIVE, KeyState.NEXT]
    assert states(store, purpose, NOW + 85 * DAY) == [KeyState.ACTIVE, KeyState.ACTIVE]
    assert states(store, purpose, NOW + 91 * DAY) == [KeyState.ENDED, KeyState.ACTIVE]


def test_a_next_key_that_was_ended_before_it_began_is_ended(bundle: KeyBundle) -> None:
    """What `rotate --at now` does to it."""
    keys = [
        replace(key, description=replace(key.description, expires=NOW))
        if key.description.purpose is Purpose.ELIGIBILITY_TOKEN
        else key
        for key in bundle.keys
    ]
    ended = SoftwareStore(replace(bundle, keys=keys), os.urandom)
    assert states(ended, Purpose.ELIGIBILITY_TOKEN, NOW) == [KeyState.ENDED, KeyState.ENDED]


@pytest.mark.parametrize("days", [0, 82, 83, 85, 91])
def test_the_current_key_is_the_one_that_the_ring_takes(store: SoftwareStore, days: int) -> None:
    now = NOW + days * DAY
    current = [key.description for key in listed(store, Purpose.COVER_PROOF, now) if key.is_current]
    assert current == [KeyRing(store).current(Purpose.COVER_PROOF, now)]


def test_defaults_after_sp_800_57() -> None:
    assert CRYPTO_PERIODS[Purpose.ELIGIBILITY_TOKEN].making == 90 * DAY
    assert CRYPTO_PERIODS[Purpose.CARD_MASTER].making == CRYPTO_PERIODS[Purpose.SECTOR_MASTER].making == 365 * DAY
    assert CRYPTO_PERIODS[Purpose.CARD_CA].making == 3 * 365 * DAY


def test_every_key_of_the_store_is_listed_once_with_a_check_of_its_own(store: SoftwareStore) -> None:
    keys = list_keys(store, NOW)
    assert {key.description for key in keys} == set(store.descriptions())
    lengths = {KeyKind.P256: 64, KeyKind.AES: 6, KeyKind.HMAC_SHA256: 16}
    assert [key for key in keys if len(key.check) != lengths[key.description.kind]] == []
    signing = Counter(key.check for key in keys if key.description.kind is KeyKind.P256)
    assert set(signing.values()) == {1}


def test_nothing_is_due_on_the_first_day(store: SoftwareStore) -> None:
    assert warnings(store.descriptions(), NOW) == []


def test_a_slot_is_due_when_its_last_key_soon_ends(store: SoftwareStore) -> None:
    def due(after: timedelta) -> set[str]:
        return {one.purpose for one in warnings(store.descriptions(), NOW + after)}

    second_ends = (83 + 90) * DAY
    assert "eligibility-token" not in due(second_ends - 15 * DAY)
    assert "eligibility-token" in due(second_ends - 14 * DAY)
    assert "card-master" not in due(334 * DAY)
    assert "card-master" in due(335 * DAY)
    assert "card-master" in due(400 * DAY)


def test_what_was_destroyed_stays_on_the_list(store: SoftwareStore) -> None:
    gone = next(key for key in store.descriptions() if key.purpose is Purpose.AUDIT)
    renamed = replace(gone, kid="gone-gone-g", version=0)
    audit = [key for key in list_keys(store, NOW, [(renamed, "ab" * 32)]) if key.description.purpose is Purpose.AUDIT]
    assert [(key.state, key.check == "ab" * 32) for key in audit] == [
        (KeyState.DESTROYED, True),
        (KeyState.ACTIVE, False),
    ]
