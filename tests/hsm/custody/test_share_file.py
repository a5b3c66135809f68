# SPDX-License-Identifier: Apache-2.0
"""Shares in their files: which shares go together, and what every other gathering is told."""

import os
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from hsm.custody import share_file
from hsm.custody.quorum import seal_share, split_among
from hsm.custody.share_file import HeldShare, combined, read_share, write_share
from hsm.errors import KeyFileExists, KeyFileUnprotected, ShareRefused, SharesTooFew, WrongPassphrase
from tests.hsm.back_ends import CHEAP
from tests.hsm.custody.ceremonies import CUSTODIANS, InventedSecrets, passphrase

BACKUP_KEY = bytes(range(32))


@pytest.fixture(scope="module")
def shares() -> list[HeldShare]:
    return split_among(bytearray(BACKUP_KEY), CUSTODIANS, 3, os.urandom)


@pytest.mark.parametrize("size", [3, 4, 5])
def test_a_quorum_and_more_give_the_backup_key(shares: list[HeldShare], size: int) -> None:
    assert all(combined(some) == BACKUP_KEY for some in combinations(shares, size))


def test_fewer_are_told_how_many_are_needed(shares: list[HeldShare]) -> None:
    for some in [*combinations(shares, 2), *combinations(shares, 1), ()]:
        with pytest.raises(SharesTooFew):
            combined(some)


def test_one_custodian_does_not_count_twice(shares: list[HeldShare]) -> None:
    with pytest.raises(ShareRefused, match="given once"):
        combined([shares[0], shares[0], shares[1]])


def test_a_share_of_another_set_is_named(shares: list[HeldShare]) -> None:
    foreign = split_among(bytearray(BACKUP_KEY), CUSTODIANS, 3, os.urandom)[2]
    with pytest.raises(ShareRefused, match="Made Wirawan"):
        combined([shares[0], shares[1], foreign])


def test_a_forged_share_is_found_by_the_check_value(shares: list[HeldShare]) -> None:
    forged = replace(shares[2], octets=bytes(32))
    with pytest.raises(ShareRefused, match="backup key"):
        combined([shares[0], shares[1], forged])


def test_sabotage_without_the_check_value_a_forged_share_gives_a_key(
    shares: list[HeldShare], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_file, "key_check_value", lambda _: shares[0].kcv)
    assert combined([shares[0], shares[1], replace(shares[2], octets=bytes(32))]) != BACKUP_KEY


def test_a_file_opens_with_its_custodians_passphrase_only(shares: list[HeldShare], tmp_path: Path) -> None:
    sealed = seal_share(tmp_path, shares[0], InventedSecrets().passphrase_of, os.urandom, CHEAP)
    assert sealed.held == shares[0]
    assert shares[0].octets not in sealed.path.read_bytes()
    assert sealed.path.name == f"share-1-of-5-{shares[0].share_set}.share"
    with pytest.raises(WrongPassphrase):
        read_share(sealed.path, passphrase(CUSTODIANS[1]))
    with pytest.raises(KeyFileExists):
        seal_share(tmp_path, shares[0], InventedSecrets().passphrase_of, os.urandom, CHEAP)
    sealed.path.chmod(0o644)
    with pytest.raises(KeyFileUnprotected):
        read_share(sealed.path, passphrase(CUSTODIANS[0]))


def test_a_damaged_file_and_one_that_holds_something_else_are_refused(shares: list[HeldShare], tmp_path: Path) -> None:
    path = tmp_path / "share"
    file = bytearray(write_share(path, shares[0], b"passphrase", os.urandom, CHEAP))
    file[-1] ^= 1
    path.write_bytes(file)
    with pytest.raises(ShareRefused, match="whole"):
        read_share(path, b"passphrase")
    for number, changed in enumerate((replace(shares[0], number=6), replace(shares[0], octets=b"short"))):
        write_share(tmp_path / str(number), changed, b"passphrase", os.urandom, CHEAP)
        with pytest.raises(ShareRefused, match="of ours"):
            read_share(tmp_path / str(number), b"passphrase")


def test_nothing_of_a_share_is_shown(shares: list[HeldShare]) -> None:
    assert "octets" not in repr(shares[0])
    assert shares[0].octets.hex() not in repr(shares[0]) + str(shares[0].share)
