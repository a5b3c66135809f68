# SPDX-License-Identifier: Apache-2.0
"""Values sealed under data keys: self-contained, bound to their place, and the back end is asked once per data key."""

import os
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from cardservice.keys import Purpose
from hsm.errors import UnsealRefused
from hsm.keys.key_store import KeyDescription
from hsm.operations import data_keys, sealed_values
from hsm.operations.data_keys import KEPT_FOR_OPENING, OPENING_LIFE, SEALING_LIFE
from hsm.operations.key_ring import KeyRing
from hsm.operations.sealed_values import HEADER_LENGTH, SealedValues
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW

WRAPPED = slice(3, 43)


class CountingStore(SoftwareStore):
    """Counts what a token would be asked."""

    wrapped = unwrapped = 0

    def new_data_key(self, key: KeyDescription) -> tuple[bytes, bytes]:
        self.wrapped += 1
        return super().new_data_key(key)

    def unwrapped_data_key(self, key: KeyDescription, wrapped: bytes) -> bytes:
        self.unwrapped += 1
        return super().unwrapped_data_key(key, wrapped)


@pytest.fixture
def counting(bundle: KeyBundle) -> CountingStore:
    return CountingStore(bundle, os.urandom)


@pytest.fixture
def values(counting: CountingStore) -> SealedValues:
    return SealedValues(counting, KeyRing(counting))


def test_a_value_is_what_the_format_says(bundle: KeyBundle, values: SealedValues) -> None:
    (seal_key,) = (key.secret for key in bundle.keys if key.description.purpose is Purpose.SEAL)
    sealed = values.seal("member/nik/1", b"value", NOW)
    assert sealed[:3] == b"\x02\x00\x01"
    data_key = aes_key_unwrap(seal_key, sealed[WRAPPED])
    nonce, body = sealed[43:55], sealed[55:]
    assert AESGCM(data_key).decrypt(nonce, body, b"KJS-SEAL-2\x02\x00\x01member/nik/1") == b"value"


def test_another_process_opens_it_with_nothing_but_the_seal_key(store: SoftwareStore, values: SealedValues) -> None:
    sealed = values.seal("a", b"value", NOW)
    assert SealedValues(store, KeyRing(store)).unseal("a", sealed, NOW) == b"value"


def test_the_first_format_is_refused(values: SealedValues) -> None:
    with pytest.raises(UnsealRefused, match="format"):
        values.unseal("a", b"\x01" + values.seal("a", b"value", NOW)[1:], NOW)


def test_a_data_key_lives_for_so_many_values_and_so_long(
    counting: CountingStore, values: SealedValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_keys._SealingKey.__init__, "__defaults__", (3,))
    first = [values.seal("a", b"value", NOW)[WRAPPED] for _ in range(7)]
    assert counting.wrapped == len(set(first)) == 3
    values.seal("a", b"value", NOW + SEALING_LIFE)
    assert counting.wrapped == 4
    values.seal("a", b"value", NOW)  # the clock went back: the life of a key can't be told, so a new one begins
    assert counting.wrapped == 5


def test_sabotage_without_the_limit_one_key_seals_everything(
    counting: CountingStore, values: SealedValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_keys._SealingKey.__init__, "__defaults__", (10**9,))
    for _ in range(20):
        values.seal("a", b"value", NOW)
    assert counting.wrapped == 1


def test_a_token_is_asked_once_to_open_many_and_forgets_in_time(counting: CountingStore, values: SealedValues) -> None:
    sealed = [values.seal("a", b"value", NOW) for _ in range(5)]
    for each in sealed:
        assert values.unseal("a", each, NOW) == b"value"
    assert counting.unwrapped == 1
    values.unseal("a", sealed[0], NOW + OPENING_LIFE)
    assert counting.unwrapped == 2


def test_only_so_many_data_keys_are_kept(counting: CountingStore, values: SealedValues, store: SoftwareStore) -> None:
    sealed = [SealedValues(store, KeyRing(store)).seal("a", b"value", NOW) for _ in range(KEPT_FOR_OPENING + 1)]
    for each in sealed:
        values.unseal("a", each, NOW)
    assert counting.unwrapped == KEPT_FOR_OPENING + 1
    values.unseal("a", sealed[-1], NOW)
    assert counting.unwrapped == KEPT_FOR_OPENING + 1
    values.unseal("a", sealed[0], NOW)
    assert counting.unwrapped == KEPT_FOR_OPENING + 2
    assert repr(values._data_keys) == f"<DataKeys: 0 sealing, {KEPT_FOR_OPENING} opening>"


def opens_elsewhere(values: SealedValues) -> bool:
    sealed = values.seal("member/nik/1", b"value", NOW)
    try:
        values.unseal("member/nik/2", sealed, NOW)
    except UnsealRefused:
        return False
    return True


def test_sabotage_without_the_context_a_moved_value_opens(
    values: SealedValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not opens_elsewhere(values)
    monkeypatch.setattr(sealed_values, "associated_data", lambda *_: b"KJS-SEAL-2")
    assert opens_elsewhere(values)


def test_a_short_value_is_refused(values: SealedValues) -> None:
    sealed = values.seal("a", b"", NOW)
    assert values.unseal("a", sealed, NOW + timedelta(days=700)) == b""
    for length in (0, 1, HEADER_LENGTH, 43, len(sealed) - 1):
        with pytest.raises(UnsealRefused):
            values.unseal("a", sealed[:length], NOW)
    assert len(sealed) == sealed_values.MIN_LENGTH
