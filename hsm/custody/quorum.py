# SPDX-License-Identifier: Apache-2.0
"""The backup key among its custodians: split, sealed for each, and proof that any quorum restores every key and nothing less restores any."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path

from hsm.algorithms.block_cipher import key_check_value
from hsm.custody.shamir import combine, split
from hsm.custody.share_file import SET_LENGTH, HeldShare, combined, read_share, write_share
from hsm.errors import BackupRefused
from hsm.keys.key_backup import KeyBackup, opened_in_software
from hsm.keys.randomness import Randomness
from hsm.stores.sealed_file import Argon2Parameters

PassphraseOf = Callable[[str], AbstractContextManager[bytearray]]


@dataclass(frozen=True, slots=True)
class SealedShare:
    """A share as it came back out of its file, and what the file is called and hashes to."""

    held: HeldShare
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Subset:
    """One group of custodians, and how many of the keys it restores."""

    custodians: Sequence[str]
    numbers: Sequence[int]
    restored: int

    def __str__(self) -> str:
        return f"{'+'.join(map(str, self.numbers))} ({', '.join(self.custodians)}): {self.restored}"


def split_among(
    backup_key: bytearray, custodians: Sequence[str], threshold: int, randomness: Randomness
) -> list[HeldShare]:
    """One share for each custodian, in order."""
    share_set = randomness(SET_LENGTH).hex()
    kcv = key_check_value(bytes(backup_key))
    shares = split(backup_key, threshold, len(custodians), randomness)
    return [
        HeldShare(share_set, share.number, threshold, len(custodians), custodian, kcv, share.octets)
        for share, custodian in zip(shares, custodians, strict=True)
    ]


def seal_share(
    folder: Path, held: HeldShare, passphrase_of: PassphraseOf, randomness: Randomness, cost: Argon2Parameters
) -> SealedShare:
    """Write one share under its custodian's passphrase, and read it back. Raises KeyFileExists, PassphraseUnusable."""
    path = folder / f"share-{held.number}-of-{held.count}-{held.share_set}.share"
    with passphrase_of(held.custodian) as passphrase:
        file = write_share(path, held, passphrase, randomness, cost)
        read_back = read_share(path, passphrase)
    return SealedShare(read_back, path, hashlib.sha256(file).hexdigest())


def every_quorum(shares: Sequence[HeldShare], backups: Sequence[KeyBackup]) -> list[Subset]:
    """All groups of exactly the threshold: how many keys each restores, to the very key that the backup names."""
    return [_subset(three, _restored(backups, combined(three))) for three in combinations(shares, shares[0].threshold)]


def every_smaller_group(shares: Sequence[HeldShare], backups: Sequence[KeyBackup]) -> list[Subset]:
    """All groups of fewer, whatever they combine to by force."""
    return [
        _subset(few, _restored(backups, combine([held.share for held in few])))
        for size in range(1, shares[0].threshold)
        for few in combinations(shares, size)
    ]


def groups_of(threshold: int, count: int) -> int:
    """How many groups there are to be tried, quorums and smaller ones."""
    return sum(comb(count, size) for size in range(1, threshold + 1))


def told_groups(enough: Sequence[Subset], fewer: Sequence[Subset], keys: int) -> list[str]:
    """Every group by size, as a transcript shows them: each quorum restores all keys, nothing less any."""
    size = len(enough[0].numbers)
    lines = [
        f"{len(enough)} kelompok isi {size} memulihkan semua / {len(enough)} groups of {size} restore {keys} of {keys} keys:"
    ]
    lines += [f"  {subset}" for subset in enough]
    for size in sorted({len(subset.numbers) for subset in fewer}, reverse=True):
        smaller = [subset for subset in fewer if len(subset.numbers) == size]
        lines.append(
            f"{len(smaller)} kelompok isi {size} tidak memulihkan / {len(smaller)} groups of {size} restore none:"
        )
        lines += [f"  {subset}" for subset in smaller]
    return lines


def _restored(backups: Sequence[KeyBackup], backup_key: bytearray) -> int:
    """How many backups open under the key and give the key that they name."""
    count = 0
    for backup in backups:
        try:
            opened_in_software(backup, bytes(backup_key))
        except BackupRefused:
            continue
        count += 1
    backup_key[:] = bytes(len(backup_key))
    return count


def _subset(shares: Sequence[HeldShare], restored: int) -> Subset:
    return Subset([held.custodian for held in shares], [held.number for held in shares], restored)
