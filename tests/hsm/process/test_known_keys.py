# SPDX-License-Identifier: Apache-2.0
"""A worker that starts later serves the keys that the key process began with, or none."""

import os
from dataclasses import replace

import pytest

from hsm.errors import KeysChanged
from hsm.keys.key_store import KeyStore
from hsm.process.known_keys import KnownKeys
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW


@pytest.fixture
def known(store: SoftwareStore) -> KnownKeys:
    known = KnownKeys()
    known.refuse_others(store)
    return known


@pytest.fixture(scope="module")
def other() -> KeyStore:
    return SoftwareStore(development_keys(NOW, os.urandom), os.urandom)


def with_keys(bundle: KeyBundle, keep: slice) -> KeyStore:
    return SoftwareStore(replace(bundle, keys=tuple(bundle.keys)[keep]), os.urandom)


def test_the_same_keys_are_served_again(known: KnownKeys, store: SoftwareStore) -> None:
    known.refuse_others(store)


def test_other_keys_are_refused_and_leave_what_is_known(
    known: KnownKeys, store: SoftwareStore, other: KeyStore
) -> None:
    with pytest.raises(KeysChanged) as refused:
        known.refuse_others(other)
    # The supplier's transport key, which everybody knows, may be in both.
    assert refused.value.evidence["lacking"] in {len(store.descriptions()) - 1, len(store.descriptions())}
    known.refuse_others(store)


def test_a_key_that_is_missing_is_told_and_one_that_is_new_is_welcome(bundle: KeyBundle) -> None:
    known = KnownKeys()
    known.refuse_others(with_keys(bundle, slice(1, None)))
    known.refuse_others(with_keys(bundle, slice(None)))
    with pytest.raises(KeysChanged, match="lacking=1"):
        known.refuse_others(with_keys(bundle, slice(1, None)))


def test_after_a_hangup_the_next_to_open_keys_says_what_they_are(
    known: KnownKeys, store: SoftwareStore, other: KeyStore
) -> None:
    known.forget()
    known.refuse_others(other)
    with pytest.raises(KeysChanged):
        known.refuse_others(store)


def test_sabotage_a_worker_that_was_told_nothing_serves_any_keys(other: KeyStore) -> None:
    KnownKeys().refuse_others(other)
