# SPDX-License-Identifier: Apache-2.0
"""Keys derived inside the token: ``kjs-div-1`` by CKM_AES_CBC_ENCRYPT_DATA, KDF3 by CKM_AES_ECB_ENCRYPT_DATA (PKCS#11 2.40, 2.15).

KDF3 is a CMAC over messages of exactly one block, and CMAC(K, m) = AES(K, m xor K1) for those (SP 800-38B, 6.2). So encrypting (m1 xor K1 | m2 xor K1)
gives the derived key, and gives it as an object. K1 is a doubled AES(K, 0), no key: it tells nothing of K, and opens nothing.
"""

from typing import Any

import pkcs11
from pkcs11 import Attribute, Mechanism

from hsm.algorithms.block_cipher import BLOCK_LENGTH, KCV_LENGTH
from hsm.algorithms.diversification import Diversification, DiversificationScheme, kdf3_messages, kjs_div_1_blocks
from hsm.pkcs11.key_templates import Role, passing
from hsm.pkcs11.library_calls import derived

_ZERO_BLOCK = bytes(BLOCK_LENGTH)
_KCV_BLOCK = b"\x01" * BLOCK_LENGTH
_CMAC_RB = 0x87  # R128 (SP 800-38B, 5.3)


def derived_static_key(
    master: pkcs11.SecretKey, parts: Diversification, subkey: bytes, attributes: dict[Attribute, Any]
) -> pkcs11.SecretKey:
    """One static key of one card, as a session object with these attributes. ``subkey``: K1 of the master, for KDF3 only."""
    if parts.scheme is DiversificationScheme.KJS_DIV_1:
        parameter: object = (_ZERO_BLOCK, kjs_div_1_blocks(parts))
        return derived(master, Mechanism.AES_CBC_ENCRYPT_DATA, parameter, parts.length, attributes)
    blocks = b"".join(_mixed(message, subkey) for message in kdf3_messages(parts))
    return derived(master, Mechanism.AES_ECB_ENCRYPT_DATA, blocks, parts.length, attributes)


def cmac_subkey(master: pkcs11.SecretKey) -> bytes:
    """K1 of a master (SP 800-38B, 6.1)."""
    doubled = int.from_bytes(_encrypted_block(master, _ZERO_BLOCK)) << 1
    if doubled >> 8 * BLOCK_LENGTH:
        doubled ^= 1 << 8 * BLOCK_LENGTH | _CMAC_RB
    return doubled.to_bytes(BLOCK_LENGTH)


def check_value_of_master(master: pkcs11.SecretKey) -> bytes:
    """KCV: 3 bytes of AES-ECB(key, 01 x 16)."""
    return _encrypted_block(master, _KCV_BLOCK)[:KCV_LENGTH]


def _encrypted_block(master: pkcs11.SecretKey, block: bytes) -> bytes:
    """One block under a key that may derive and nothing else: a derived object that is meant to be read."""
    readable = passing(Role.MASTER, extractable=True, sensitive=False)
    made = derived(master, Mechanism.AES_ECB_ENCRYPT_DATA, block, BLOCK_LENGTH, readable)
    try:
        return bytes(made[Attribute.VALUE])
    finally:
        made.destroy()


def _mixed(block: bytes, subkey: bytes) -> bytes:
    return (int.from_bytes(block) ^ int.from_bytes(subkey)).to_bytes(BLOCK_LENGTH)
