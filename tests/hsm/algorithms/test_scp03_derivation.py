# SPDX-License-Identifier: Apache-2.0
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from cardservice.keys import KeyOrigin, KeySet, SessionKeys, SessionRequest
from hsm.algorithms.block_cipher import aes_cmac
from hsm.algorithms.scp03_derivation import StaticPrfs, kdf, predicted_card_challenge, session_keys
from hsm.keys.key_store import StaticKey
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_store import SoftwareStore
from tests.hsm.shared_vectors import shared

NAMES = ("s_enc", "s_mac", "s_rmac", "card_challenge", "card_cryptogram", "host_cryptogram")


def octets(case: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(case[name])


def prfs(case: dict[str, Any]) -> StaticPrfs:
    enc, mac = octets(case, "key_enc"), octets(case, "key_mac")
    return StaticPrfs(partial(aes_cmac, enc), partial(aes_cmac, mac), len(enc))


def as_hex(keys: SessionKeys) -> dict[str, str]:
    return {name: getattr(keys, name).hex() for name in NAMES}


def request_of(case: dict[str, Any], *, predicted: bool) -> SessionRequest:
    key_set = KeySet(KeyOrigin.SCHEME, 0x30, bytes(10))
    host = octets(case, "host_challenge")
    if not predicted:
        return SessionRequest(key_set, host, octets(case, "card_challenge"))
    counter = int(case["sequence_counter"], 16)
    return SessionRequest(key_set, host, None, counter, octets(case, "invoking_aid"))


@pytest.mark.parametrize("predicted", [False, True], ids=["card-has-spoken", "predicted"])
def test_session_vectors(predicted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    cases = shared("scp03.json")["scp03_sessions"]
    assert cases
    for case in cases:
        found = session_keys(prfs(case), request_of(case, predicted=predicted))
        assert as_hex(found) == {name: case[name] for name in NAMES}, case["id"]


def test_kdf_vectors() -> None:
    for case in shared("scp03.json")["scp03_kdf"]:
        message = octets(case, "input")
        length = case["output_bits"] // 8
        found = kdf(partial(aes_cmac, octets(case, "key")), message[11], length, message[16:])
        assert found.hex() == case["output"], case["what"]


def test_host_cryptogram_of_another_card() -> None:
    (case,) = (case for case in shared("scp03.json")["primitives"] if case["kind"] == "host_cryptogram")
    context = octets(case, "host_challenge") + octets(case, "card_challenge")
    assert kdf(partial(aes_cmac, octets(case, "s_mac")), 0x01, 8, context).hex() == case["expected"]


def test_s16_doubles_challenge_and_cryptograms_and_changes_them() -> None:
    case = {"key_enc": "00" * 16, "key_mac": "11" * 16}
    key_set = KeySet(KeyOrigin.SCHEME, 0x30, bytes(10))
    found = session_keys(prfs(case), SessionRequest(key_set, bytes(16), None, 1, bytes(8)))
    assert {len(found.card_challenge), len(found.card_cryptogram), len(found.host_cryptogram)} == {16}
    assert found.card_challenge[:8] != predicted_card_challenge(prfs(case).enc, 1, bytes(8), 8)  # L is in the input


@pytest.mark.parametrize("length", [16, 24, 32])
def test_a_wrapped_key_opens_under_the_dek(bundle: KeyBundle, length: int) -> None:
    store = SoftwareStore(bundle, lambda n: b"\xaa" * n)
    dek, key = bytes(range(length)), bytes(range(100, 100 + length))
    decryptor = Cipher(algorithms.AES(dek), modes.CBC(bytes(16))).decryptor()
    plain = decryptor.update(store.wrap(StaticKey(length, key), StaticKey(length, dek))) + decryptor.finalize()
    # 24-byte keys have 8 arbitrary bytes before them (Amendment D, 7.2).
    assert plain == (b"\xaa" * 8 if length == 24 else b"") + key


def test_put_key_ciphertexts_of_the_vectors(bundle: KeyBundle) -> None:
    store = SoftwareStore(bundle, bytes)
    checked = 0
    for case in shared("scp03.json")["scp03_sessions"]:
        put_key, dek = case["put_key"], octets(case, "key_dek")
        for value, kcv in zip(put_key["new_keys"], put_key["kcv"], strict=True):
            if len(value) == 48:
                continue  # 8 arbitrary bytes stand before a 24-byte key
            key = StaticKey(len(value) // 2, bytes.fromhex(value))
            assert store.wrap(key, StaticKey(len(dek), dek)).hex() + "03" + kcv in put_key["data"]
            assert store.check_value(key).hex() == kcv
            checked += 1
    assert checked
