# SPDX-License-Identifier: Apache-2.0
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.algorithms import diversification
from hsm.algorithms.block_cipher import key_check_value
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage, diversified_key
from tests.hsm.shared_vectors import own, shared

KJS, KDF3 = DiversificationScheme.KJS_DIV_1, DiversificationScheme.KDF3


def test_kjs_div_1_vectors() -> None:
    cases = own("kjs_div_1.json")["cases"]
    assert cases
    for case in cases:
        master, kdd = bytes.fromhex(case["master"]), bytes.fromhex(case["kdd"])
        kvn, sector = int(case["key_version_number"], 16), int(case["sector"], 16)
        for usage in KeyUsage:
            long = diversified_key(master, Diversification(KJS, usage, kvn, sector, kdd, 32))
            short = diversified_key(master, Diversification(KJS, usage, kvn, sector, kdd, 16))
            assert long.hex() == case[usage.name.lower()]
            assert short.hex() == case[f"{usage.name.lower()}_aes128"]


def test_kdf3_vectors() -> None:
    cases = shared("scp03.json")["key_diversification"]["kdf3"]
    assert cases
    for case in cases:
        master, kdd = bytes.fromhex(case["master"]), bytes.fromhex(case["kdd"])
        for usage in KeyUsage:
            name = usage.name.lower()
            if name not in case:
                continue
            key = diversified_key(master, Diversification(KDF3, usage, 0xFF, 0, kdd, len(master)))
            assert key.hex() == case[name]
            if f"kcv_{name}" in case:
                assert key_check_value(key).hex() == case[f"kcv_{name}"]


PARTS = st.tuples(
    st.sampled_from(KeyUsage), st.integers(0, 255), st.integers(0, 255), st.binary(min_size=10, max_size=10)
)


@given(PARTS, PARTS)
def test_any_difference_gives_an_unrelated_key(
    one: tuple[KeyUsage, int, int, bytes], other: tuple[KeyUsage, int, int, bytes]
) -> None:
    first, second = (diversified_key(bytes(32), Diversification(KJS, *parts, 32)) for parts in (one, other))
    assert (first == second) is (one == other)


def sectors_differ() -> bool:
    keys = [diversified_key(bytes(32), Diversification(KJS, KeyUsage.ENC, 0x30, n, bytes(10), 32)) for n in range(4)]
    return all(a != b for a, b in pairwise(keys))


def test_sabotage_without_the_sector_byte_sectors_share_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sectors_differ()
    real = diversification.kjs_div_1_blocks

    def without_sector(parts: Diversification) -> bytes:
        return b"".join(block[:3] + b"\x00" + block[4:] for block in (real(parts)[:16], real(parts)[16:]))

    monkeypatch.setattr(diversification, "kjs_div_1_blocks", without_sector)
    assert not sectors_differ()
