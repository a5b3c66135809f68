# SPDX-License-Identifier: Apache-2.0
"""What a token must be able to do before any key of ours is put to work in it."""

from typing import Final

import pkcs11
from pkcs11 import Mechanism

from hsm.errors import TokenUnfit

NEEDED: Final = (
    Mechanism.ECDSA,
    Mechanism.AES_CMAC,
    Mechanism.AES_CBC,
    Mechanism.AES_ECB,
    Mechanism.AES_CBC_ENCRYPT_DATA,
    Mechanism.AES_ECB_ENCRYPT_DATA,
    Mechanism.AES_KEY_WRAP,
    Mechanism.SHA256_HMAC,
)


def refuse_unfit(token: pkcs11.Token) -> None:
    """Raise TokenUnfit with the mechanisms that the token lacks."""
    there = token.slot.get_mechanisms()
    lacking = [mechanism.name for mechanism in NEEDED if mechanism not in there]
    if lacking:
        raise TokenUnfit(token=token.label, rule="CKM_" + ", CKM_".join(lacking))
