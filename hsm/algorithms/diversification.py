# SPDX-License-Identifier: Apache-2.0
"""Per-card static keys from a master: ``kjs-div-1`` (docs/card-edge.md, "Keys on the card") for ours, KDF3 for the supplier's.

The blocks are written apart from the cipher, so that a token can be asked to encrypt them itself (CKM_AES_CBC_ENCRYPT_DATA).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from hsm.algorithms.block_cipher import BLOCK_LENGTH, aes_cbc_function, aes_cmac

KDD_LENGTH = 10
KJS_DIV_1_SCHEME = 0x01  # the third byte of a block


class KeyUsage(IntEnum):
    """Which of the three keys of a set; the same numbers name them on the card (key identifiers 01, 02, 03)."""

    ENC = 0x01
    MAC = 0x02
    DEK = 0x03


class DiversificationScheme(StrEnum):
    """How a static key follows from its master."""

    KJS_DIV_1 = "kjs-div-1"
    KDF3 = "kdf3"


@dataclass(frozen=True, slots=True)
class Diversification:
    """Which static key: all that goes into the derivation beside the master. ``kdd`` is 10 bytes, ``length`` 16, 24 or 32."""

    scheme: DiversificationScheme
    usage: KeyUsage
    key_version_number: int
    sector: int
    kdd: bytes
    length: int


def diversified_key(
    master: bytes, diversification: Diversification, encrypt: Callable[[bytes], bytes] | None = None
) -> bytes:
    """The static key itself; for back ends that compute in software. ``encrypt``: AES-CBC with a zero IV under the master, if it is at hand."""
    if diversification.scheme is DiversificationScheme.KJS_DIV_1:
        cbc = encrypt or aes_cbc_function(master)
        return cbc(kjs_div_1_blocks(diversification))[: diversification.length]
    return b"".join(aes_cmac(master, message) for message in kdf3_messages(diversification))[: diversification.length]


def kjs_div_1_blocks(diversification: Diversification) -> bytes:
    """B1|B2, Bj = usage(1) | KVN(1) | scheme 01 | sector(1) | KDD(10) | 00 | j(1); a 16-byte key needs B1 alone."""
    stem = bytes([diversification.usage, diversification.key_version_number, KJS_DIV_1_SCHEME, diversification.sector])
    return b"".join(stem + diversification.kdd + bytes([0x00, j]) for j in _block_numbers(diversification))


def kdf3_messages(diversification: Diversification) -> list[bytes]:
    """KDF3's CMAC inputs: i(1) | 00 00 00 | n(1) | 00 | KDD(10), i = 1, 2; it knows neither version nor sector."""
    return [
        bytes([i, 0x00, 0x00, 0x00, diversification.usage, 0x00]) + diversification.kdd
        for i in _block_numbers(diversification)
    ]


def _block_numbers(diversification: Diversification) -> range:
    return range(1, 1 + -(-diversification.length // BLOCK_LENGTH))
