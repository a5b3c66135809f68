# SPDX-License-Identifier: Apache-2.0
"""Calls of python-pkcs11 with our attributes and nothing of the library's own defaults (it adds uses, labels and sensitivity by itself)."""

from typing import Any, Final, cast

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.constants import DEFAULT

from hsm.pkcs11.key_templates import P256_PARAMETERS

_NO_USES: Final = pkcs11.MechanismFlag(0)
# The library puts these into every template; DEFAULT takes them out again where ours has none.
_ADDED: Final = (
    Attribute.ID,
    Attribute.LABEL,
    Attribute.ENCRYPT,
    Attribute.DECRYPT,
    Attribute.SIGN,
    Attribute.VERIFY,
    Attribute.WRAP,
    Attribute.UNWRAP,
    Attribute.DERIVE,
)
_HMAC_LENGTH = 32
_SIGNATURE_LENGTH = 64


def derived(
    base: pkcs11.SecretKey, mechanism: Mechanism, parameter: object, length: int, attributes: dict[Attribute, Any]
) -> pkcs11.SecretKey:
    """C_DeriveKey; ``length`` in bytes."""
    key = base.derive_key(  # type: ignore[attr-defined] # the library mixes in what CKA_DERIVE allows
        KeyType.AES,
        8 * length,
        capabilities=_NO_USES,
        mechanism=mechanism,
        mechanism_param=parameter,
        template=_only(attributes),
    )
    return cast(pkcs11.SecretKey, key)


def unwrapped(under: pkcs11.SecretKey, mechanism: Mechanism, content: bytes, attributes: dict[Attribute, Any]) -> Any:
    """C_UnwrapKey."""
    return under.unwrap_key(  # type: ignore[attr-defined] # the library mixes in what CKA_UNWRAP allows
        ObjectClass(attributes[Attribute.CLASS]),
        KeyType(attributes[Attribute.KEY_TYPE]),
        content,
        capabilities=_NO_USES,
        mechanism=mechanism,
        template=_only(attributes),
    )


def wrapped(key: Any, under: Any, mechanism: Mechanism, parameter: bytes | None = None) -> bytes:
    """C_WrapKey."""
    return bytes(under.wrap_key(key, mechanism=mechanism, mechanism_param=parameter))


def generated(session: pkcs11.Session, length: int, attributes: dict[Attribute, Any]) -> Any:
    """C_GenerateKey of an AES or generic secret key; ``length`` in bytes."""
    return session.generate_key(
        KeyType(attributes[Attribute.KEY_TYPE]), 8 * length, capabilities=_NO_USES, template=_only(attributes)
    )


def generated_pair(session: pkcs11.Session, attributes: dict[Attribute, Any]) -> tuple[bytes, Any]:
    """C_GenerateKeyPair on P-256: the uncompressed point, and the private key. The public half stays a session object and is destroyed."""
    domain = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: P256_PARAMETERS}, local=True)
    public, private = domain.generate_keypair(
        store=False,
        capabilities=_NO_USES,
        private_template=_only(attributes),
        public_template={Attribute.ID: DEFAULT, Attribute.LABEL: DEFAULT},
    )
    point = bytes(public[Attribute.EC_POINT])
    public.destroy()
    return point[-65:], private  # an OCTET STRING in some modules, bare in others; the point is its end


def created(session: pkcs11.Session, secret: bytes | bytearray, attributes: dict[Attribute, Any]) -> Any:
    """C_CreateObject of a key whose value is at hand."""
    template = {**attributes, Attribute.VALUE: bytes(secret)}
    if attributes[Attribute.CLASS] is ObjectClass.PRIVATE_KEY:
        template[Attribute.EC_PARAMS] = P256_PARAMETERS
    return session.create_object(template)


def signed_digest(key: Any, digest: bytes) -> bytes:
    """CKM_ECDSA over a SHA-256 digest: raw r|s, 64 bytes (PKCS#11 2.40, 2.3.1)."""
    return bytes(key.sign(digest, mechanism=Mechanism.ECDSA, buffer_size=_SIGNATURE_LENGTH))


def cmac(key: Any, message: bytes) -> bytes:
    """CKM_AES_CMAC, 16 bytes."""
    return bytes(key.sign(message, mechanism=Mechanism.AES_CMAC, buffer_size=16))


def hmac_sha256(key: Any, message: bytes) -> bytes:
    """CKM_SHA256_HMAC, 32 bytes."""
    return bytes(key.sign(message, mechanism=Mechanism.SHA256_HMAC, buffer_size=_HMAC_LENGTH))


def encrypted_block(key: Any, block: bytes) -> bytes:
    """CKM_AES_ECB of one block."""
    return bytes(key.encrypt(block, mechanism=Mechanism.AES_ECB, buffer_size=16))


def _only(attributes: dict[Attribute, Any]) -> dict[Attribute, Any]:
    return {name: DEFAULT for name in _ADDED if name not in attributes} | attributes
