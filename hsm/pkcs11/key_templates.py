# SPDX-License-Identifier: Apache-2.0
"""What attributes each kind of key has, set explicitly when it is made and looked at again at every start (PKCS#11 2.40, 4.7 to 4.9).

Modules' defaults differ: the same call has made keys that are sensitive in one and readable in another. So nothing is left to them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, KeyType, ObjectClass

from cardservice.keys import Purpose
from hsm.errors import KeyAttributeWrong
from hsm.keys.key_plan import KIND_OF_PURPOSE, MASTERS
from hsm.keys.key_store import KeyKind

P256_PARAMETERS: Final = bytes.fromhex("06082A8648CE3D030107")  # secp256r1 as a named curve (RFC 5480, 2.1.1.1)

_SECRET_USES: Final = (
    Attribute.ENCRYPT,
    Attribute.DECRYPT,
    Attribute.SIGN,
    Attribute.VERIFY,
    Attribute.WRAP,
    Attribute.UNWRAP,
    Attribute.DERIVE,
)
_PRIVATE_USES: Final = (Attribute.DECRYPT, Attribute.SIGN, Attribute.SIGN_RECOVER, Attribute.UNWRAP, Attribute.DERIVE)


# What no template says, and an auditor asks: where the key was made, and what it ever was.
TOLD_TOO: Final = (
    Attribute.LOCAL,
    Attribute.ALWAYS_SENSITIVE,
    Attribute.NEVER_EXTRACTABLE,
    Attribute.MODIFIABLE,
)


class Role(StrEnum):
    """What a key in a token does, and the only thing that it may do."""

    SIGNING = "signing"
    MASTER = "master"
    SEAL = "seal"
    HMAC = "hmac"
    BACKUP = "backup"  # wraps keys at their birth; restoring needs the quorum, so it never unwraps
    RECORDS = "records"  # authenticates what lies beside the keys


_USES: Final = {
    Role.SIGNING: {Attribute.SIGN},
    Role.MASTER: {Attribute.DERIVE},
    Role.SEAL: {Attribute.WRAP, Attribute.UNWRAP},
    Role.HMAC: {Attribute.SIGN},
    Role.BACKUP: {Attribute.WRAP},
    Role.RECORDS: {Attribute.SIGN},
}


def role_of(purpose: Purpose) -> Role:
    """The role of a purpose's keys."""
    if purpose in MASTERS:
        return Role.MASTER
    return {KeyKind.P256: Role.SIGNING, KeyKind.AES: Role.SEAL, KeyKind.HMAC_SHA256: Role.HMAC}[
        KIND_OF_PURPOSE[purpose]
    ]


def lasting(role: Role) -> dict[Attribute, Any]:
    """Attributes of a key that stays in the token: sensitive, not extractable, of one use."""
    return _attributes(role, _USES[role], token=True, extractable=False)


def passing(role: Role, *uses: Attribute, extractable: bool, sensitive: bool = True) -> dict[Attribute, Any]:
    """Attributes of a session key, which is gone with the session, with exactly these uses."""
    return _attributes(role, set(uses), token=False, extractable=extractable, sensitive=sensitive)


def named(attributes: Mapping[Attribute, Any], identifier: bytes, label: str) -> dict[Attribute, Any]:
    """The same with CKA_ID and CKA_LABEL."""
    return {**attributes, Attribute.ID: identifier, Attribute.LABEL: label}


def refuse_wrong_attributes(key: pkcs11.Object, role: Role, name: str) -> None:
    """Raise KeyAttributeWrong for the first attribute of a lasting key that isn't as it must be, naming key and attribute."""
    expected = lasting(role)
    if role is Role.SIGNING:
        expected[Attribute.EC_PARAMS] = P256_PARAMETERS
    found = key.get_attributes(list(expected))
    for attribute, value in expected.items():
        if found.get(attribute) != value:
            raise KeyAttributeWrong(key=name, attribute=f"CKA_{attribute.name}")


def _attributes(
    role: Role, uses: set[Attribute], *, token: bool, extractable: bool, sensitive: bool = True
) -> dict[Attribute, Any]:
    private = role is Role.SIGNING
    key_type = KeyType.EC if private else KeyType.GENERIC_SECRET if role is Role.HMAC else KeyType.AES
    return {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY if private else ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: key_type,
        Attribute.TOKEN: token,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: sensitive,
        Attribute.EXTRACTABLE: extractable,
        **{use: use in uses for use in (_PRIVATE_USES if private else _SECRET_USES)},
    }
