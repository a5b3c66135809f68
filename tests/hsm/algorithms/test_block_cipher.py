# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.algorithms.block_cipher import AES_KEY_LENGTHS, aes_cbc_function, aes_cbc_zero_iv, aes_cmac, key_check_value
from tests.hsm.shared_vectors import shared


def test_cmac_vectors() -> None:
    cases = shared("scp03.json")["aes_cmac"]
    assert cases
    for case in cases:
        assert aes_cmac(bytes.fromhex(case["key"]), bytes.fromhex(case["msg"])).hex() == case["tag"]


def test_wycheproof_cmac() -> None:
    seen = 0
    for group in shared("wycheproof/aes_cmac_test.json")["testGroups"]:
        for case in group["tests"]:
            seen += 1
            key, message = bytes.fromhex(case["key"]), bytes.fromhex(case["msg"])
            if group["keySize"] // 8 not in AES_KEY_LENGTHS:
                with pytest.raises(ValueError, match="key"):
                    aes_cmac(key, message)
                continue
            holds = aes_cmac(key, message)[: group["tagSize"] // 8].hex() == case["tag"]
            assert holds is (case["result"] == "valid"), case["tcId"]
    assert seen == 311


def test_check_value_vectors() -> None:
    for case in shared("scp03.json")["aes_kcv"]:
        assert key_check_value(bytes.fromhex(case["key"])).hex() == case["kcv_aes_ones"]


@given(st.sampled_from(AES_KEY_LENGTHS).flatmap(lambda n: st.binary(min_size=n, max_size=n)), st.binary(max_size=64))
def test_cmac_differs_for_another_message(key: bytes, message: bytes) -> None:
    assert aes_cmac(key, message) != aes_cmac(key, message + b"\x00")
    assert len(aes_cbc_zero_iv(key, bytes(32))) == 32


@given(st.sampled_from(AES_KEY_LENGTHS), st.data())
def test_chaining_by_hand_is_cbc(length: int, data: st.DataObject) -> None:
    key = data.draw(st.binary(min_size=length, max_size=length))
    blocks = [data.draw(st.binary(min_size=16, max_size=16)) for _ in range(data.draw(st.integers(0, 4)))]
    encrypt = aes_cbc_function(key)
    for _ in range(2):  # nothing of the message before stays behind
        assert encrypt(b"".join(blocks)) == aes_cbc_zero_iv(key, b"".join(blocks))
