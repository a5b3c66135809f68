# SPDX-License-Identifier: Apache-2.0
"""One custodian's share of the backup key, in a file that his passphrase opens (hsm/stores/sealed_file.py: Argon2id, AES-256-GCM).

Inside, as CBOR: which set and which number of it, how many are needed and how many there are, whose it is, the KCV of the backup key, and
the share. The KCV (3 bytes of a 256-bit key) tells a wrong combination and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import cbor2

from hsm.algorithms.block_cipher import KCV_LENGTH, key_check_value
from hsm.custody.shamir import MAX_SHARES, Share, combine
from hsm.errors import KeyFileDamaged, ShareRefused, SharesTooFew
from hsm.keys.key_custody import BACKUP_KEY_LENGTH
from hsm.keys.randomness import Randomness
from hsm.machine.protected_file import create_protected, read_protected
from hsm.stores.sealed_file import MAX_FILE_LENGTH, Argon2Parameters, seal, unseal

FORMAT = "kartu-share/1"
SET_LENGTH = 8  # bytes that name one splitting
_FIELDS = frozenset({"format", "set", "number", "threshold", "count", "custodian", "kcv", "share"})


@dataclass(frozen=True, slots=True)
class HeldShare:
    """What one custodian holds."""

    share_set: str
    number: int
    threshold: int
    count: int
    custodian: str
    kcv: bytes
    octets: bytes = field(repr=False)

    @property
    def share(self) -> Share:
        """As it is combined."""
        return Share(self.number, self.octets)


def write_share(
    path: Path, held: HeldShare, passphrase: bytes | bytearray, randomness: Randomness, cost: Argon2Parameters
) -> bytes:
    """Seal a share into a new file, mode 0600; the file's bytes. Raises KeyFileExists."""
    content = {
        "format": FORMAT,
        "set": held.share_set,
        "number": held.number,
        "threshold": held.threshold,
        "count": held.count,
        "custodian": held.custodian,
        "kcv": held.kcv,
        "share": held.octets,
    }
    file = seal(cbor2.dumps(content), passphrase, randomness, cost)
    create_protected(path, file)
    return file


def read_share(path: Path, passphrase: bytes | bytearray) -> HeldShare:
    """Open a share. Raises WrongPassphrase, ShareRefused, or what a file that lies open raises."""
    try:
        content = unseal(read_protected(path, MAX_FILE_LENGTH), passphrase)
    except KeyFileDamaged as damaged:
        raise ShareRefused(share=path.name, rule=f"is whole ({damaged.evidence.get('rule', '')})") from None
    try:
        held = _held(content)
    except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise ShareRefused(share=path.name, rule="is a share of ours") from None
    fits = 2 <= held.threshold <= held.count <= MAX_SHARES and 1 <= held.number <= held.count
    if not fits or len(held.octets) != BACKUP_KEY_LENGTH or len(held.kcv) != KCV_LENGTH:
        raise ShareRefused(share=path.name, rule="is a share of ours")
    return held


def combined(shares: Sequence[HeldShare]) -> bytearray:
    """The backup key. Raises SharesTooFew, or ShareRefused for shares of different sets, one given twice, or one that is not what it says."""
    if not shares:
        raise SharesTooFew(needed=2, given=0)
    first = shares[0]
    for held in shares:
        if (held.share_set, held.threshold, held.count, held.kcv) != (
            first.share_set,
            first.threshold,
            first.count,
            first.kcv,
        ):
            raise ShareRefused(share=held.custodian, rule=f"is of the set {first.share_set}")
    for number, same in groupby(sorted(shares, key=lambda held: held.number), lambda held: held.number):
        if len(list(same)) > 1:
            raise ShareRefused(share=number, rule="is given once")
    if len(shares) < first.threshold:
        raise SharesTooFew(needed=first.threshold, given=len(shares))
    secret = combine([held.share for held in shares])
    if key_check_value(bytes(secret)) != first.kcv:
        secret[:] = bytes(len(secret))
        raise ShareRefused(share=first.share_set, rule="gives, with the others, the backup key that it names")
    return secret


def _held(content: bytes) -> HeldShare:
    wire = cbor2.loads(content)
    if set(wire) != _FIELDS or wire["format"] != FORMAT:
        raise ValueError
    return HeldShare(
        share_set=str(wire["set"]),
        number=int(wire["number"]),
        threshold=int(wire["threshold"]),
        count=int(wire["count"]),
        custodian=str(wire["custodian"]),
        kcv=bytes(wire["kcv"]),
        octets=bytes(wire["share"]),
    )
