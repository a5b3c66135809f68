# SPDX-License-Identifier: Apache-2.0
"""AES as SCP03 uses it: CMAC (SP 800-38B), single-block ECB for check values, CBC with a zero IV for derivation and PUT KEY."""

from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

BLOCK_LENGTH = 16
AES_KEY_LENGTHS = (16, 24, 32)
KCV_LENGTH = 3
_ZERO_IV = modes.CBC(bytes(BLOCK_LENGTH))


def aes_cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC with a 16, 24 or 32-byte key; the whole 16-byte tag."""
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def aes_cmac_function(key: bytes) -> Callable[[bytes], bytes]:
    """AES-CMAC under one key for several messages: the key schedule and the subkeys are computed once."""
    keyed = CMAC(algorithms.AES(key))

    def mac(message: bytes) -> bytes:
        copied = keyed.copy()
        copied.update(message)
        return copied.finalize()

    return mac


def aes_cbc_function(key: bytes) -> Callable[[bytes], bytes]:
    """AES-CBC with a zero IV under one key for several messages: the key schedule is computed once. Whole blocks, no padding."""
    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the chaining is done here

    def encrypt(blocks: bytes) -> bytes:
        chained, encrypted = 0, b""
        for start in range(0, len(blocks), BLOCK_LENGTH):
            mixed = chained ^ int.from_bytes(blocks[start : start + BLOCK_LENGTH])
            last = block.update(mixed.to_bytes(BLOCK_LENGTH))
            chained, encrypted = int.from_bytes(last), encrypted + last
        return encrypted

    return encrypt


def aes_cbc_zero_iv(key: bytes, blocks: bytes) -> bytes:
    """AES-CBC encryption of whole blocks, IV 0, no padding."""
    encryptor = Cipher(algorithms.AES(key), _ZERO_IV).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()


def key_check_value(key: bytes) -> bytes:
    """The first 3 bytes of AES-ECB(key, 01 x 16) (Amendment D, 7.2.2)."""
    # One block of CBC with a zero IV is one block of ECB.
    return aes_cbc_zero_iv(key, b"\x01" * BLOCK_LENGTH)[:KCV_LENGTH]
