# SPDX-License-Identifier: Apache-2.0
"""Key derivation and AES blocks as the card does them (Amendment D, 4.1.5 and 6.2)."""

from enum import IntEnum

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

BLOCK = 16


class Constant(IntEnum):
    """Derivation constants (table 4-1)."""

    CARD_CRYPTOGRAM = 0x00
    HOST_CRYPTOGRAM = 0x01
    CARD_CHALLENGE = 0x02
    S_ENC = 0x04
    S_MAC = 0x06
    S_RMAC = 0x07


def derive(key: bytes, constant: Constant, context: bytes, length: int) -> bytes:
    """``length`` bytes by SP 800-108 in counter mode with AES-CMAC (4.1.5): label | 00 | L | i | context."""
    fixed = bytes(11) + bytes([constant, 0x00]) + (8 * length).to_bytes(2, "big")
    blocks = -(-length // BLOCK)
    return b"".join(cmac(key, fixed + bytes([i]) + context) for i in range(1, blocks + 1))[:length]


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC, all 16 bytes."""
    state = CMAC(AES(key))
    state.update(message)
    return state.finalize()


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """One AES block, for initial chaining values and key check values."""
    return Cipher(AES(key), ECB()).encryptor().update(block)  # noqa: S305 - one block, as 6.2.6 and 7.2.2 ask


def encrypt(key: bytes, icv: bytes, padded: bytes) -> bytes:
    """AES-CBC over whole blocks."""
    return Cipher(AES(key), CBC(icv)).encryptor().update(padded)


def decrypt(key: bytes, icv: bytes, ciphertext: bytes) -> bytes:
    """AES-CBC over whole blocks."""
    return Cipher(AES(key), CBC(icv)).decryptor().update(ciphertext)


def pad(data: bytes) -> bytes:
    """80 00.. up to a whole block (ISO/IEC 9797-1, method 2)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def unpad(padded: bytes) -> bytes | None:
    """The data before 80 00.., None where the padding is no such thing or longer than a block."""
    body = padded.rstrip(b"\x00")
    if not body.endswith(b"\x80") or len(padded) - len(body) >= BLOCK:
        return None
    return body[:-1]


def key_check_value(key: bytes) -> bytes:
    """First 3 bytes of AES-ECB(key, 16 x 01) (7.2.2)."""
    return encrypt_block(key, b"\x01" * BLOCK)[:3]
