# SPDX-License-Identifier: Apache-2.0
"""How a key comes into a token: born or brought as a session key that can still be wrapped, wrapped for the backup, then settled as one that can't.

A key that is to be backed up must be extractable once, and one that works must never be. So the session key is wrapped twice: under the backup key, for
the blob, and under a key that lives for this moment only, to be unwrapped as the lasting object. The session keys go.
"""

from dataclasses import dataclass
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, Mechanism
from pkcs11.exceptions import PKCS11Error

from hsm.algorithms.block_cipher import KCV_LENGTH
from hsm.errors import TokenUnfit
from hsm.keys.key_check import check_value_of_point, point_of, private_key_of
from hsm.keys.key_plan import GENERATED_LENGTH
from hsm.pkcs11.key_templates import Role, lasting, named, passing
from hsm.pkcs11.library_calls import created, encrypted_block, generated, generated_pair, unwrapped, wrapped
from hsm.pkcs11.recognition import Marks, hmac_check, wrap_check

_KCV_BLOCK: Final = b"\x01" * 16
_WRAPPING = (Attribute.WRAP, Attribute.UNWRAP)


@dataclass(slots=True)
class Newborn:
    """A session key that is not settled yet, and by what it will be recognised."""

    role: Role
    handle: Any
    marks: Marks


def born(session: pkcs11.Session, role: Role) -> Newborn:
    """A random key made by the token."""
    if role is Role.SIGNING:
        point, private = generated_pair(session, _unsettled(role))
        return Newborn(role, private, Marks(check_value_of_point(point), point))
    return _secret_newborn(session, role, generated(session, GENERATED_LENGTH, _unsettled(role)))


def brought(session: pkcs11.Session, role: Role, secret: bytearray) -> Newborn:
    """A key from outside."""
    handle = created(session, secret, _unsettled(role))
    if role is Role.SIGNING:
        point = point_of(private_key_of(bytes(secret)))
        return Newborn(role, handle, Marks(check_value_of_point(point), point))
    return _secret_newborn(session, role, handle)


def unwrapped_newborn(session: pkcs11.Session, role: Role, blob: bytes, under: Any, point: bytes) -> Newborn:
    """A key out of its backup. Raises PKCS11Error if the blob does not open."""
    handle = unwrapped(under, padded_wrapping(session), blob, _unsettled(role))
    if role is Role.SIGNING:
        return Newborn(role, handle, Marks(check_value_of_point(point), point))
    return _secret_newborn(session, role, handle)


def settle(session: pkcs11.Session, newborn: Newborn, identifier: bytes, label: str) -> Any:
    """The lasting object of a newborn key; the newborn goes."""
    mechanism = padded_wrapping(session)
    carrier = generated(session, GENERATED_LENGTH, passing(Role.SEAL, *_WRAPPING, extractable=False))
    try:
        carried = wrapped(newborn.handle, carrier, mechanism)
        return unwrapped(carrier, mechanism, carried, named(lasting(newborn.role), identifier, label))
    finally:
        carrier.destroy()
        newborn.handle.destroy()


def padded_wrapping(session: pkcs11.Session) -> Mechanism:
    """The mechanism that is RFC 5649 in this token, found by trying: SoftHSM's CKM_AES_KEY_WRAP_PAD is what the standard calls CKM_AES_KEY_WRAP_KWP."""
    try:
        return _padded[session.token.model]
    except KeyError:
        mechanism = _padded[session.token.model] = _find_padded(session)
        return mechanism


# RFC 5649, 6: 20 bytes under a 192-bit key; with the 7 of its second example the padding shows.
_VECTOR_KEK = bytes.fromhex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
_VECTOR_CONTENT = bytes.fromhex("c37b7e6492584340bed12207808941155068f738")
_VECTOR_WRAPPED = bytes.fromhex("138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a")
_padded: dict[str, Mechanism] = {}


def _find_padded(session: pkcs11.Session) -> Mechanism:
    kek = created(session, _VECTOR_KEK, passing(Role.SEAL, *_WRAPPING, extractable=False))
    readable = passing(Role.HMAC, extractable=True, sensitive=False)
    try:
        for mechanism in (Mechanism.AES_KEY_WRAP_KWP, Mechanism.AES_KEY_WRAP_PAD):
            try:
                opened = unwrapped(kek, mechanism, _VECTOR_WRAPPED, readable)
            except PKCS11Error:
                continue
            content = bytes(opened[Attribute.VALUE])
            opened.destroy()
            if content == _VECTOR_CONTENT:
                return mechanism
    finally:
        kek.destroy()
    raise TokenUnfit(token=session.token.label, rule="AES key wrap with padding (RFC 5649)")


def _unsettled(role: Role) -> dict[Attribute, Any]:
    """Attributes before settling: extractable, never readable, and able to give the check value."""
    uses = {Role.SIGNING: (Attribute.SIGN,), Role.HMAC: (Attribute.SIGN,)}
    return passing(role, *uses.get(role, (Attribute.ENCRYPT, Attribute.WRAP)), extractable=True)


def _secret_newborn(session: pkcs11.Session, role: Role, handle: Any) -> Newborn:
    if role is Role.HMAC:
        return Newborn(role, handle, Marks(hmac_check(handle)))
    check = encrypted_block(handle, _KCV_BLOCK)[:KCV_LENGTH]
    wraps = role in {Role.SEAL, Role.BACKUP}
    return Newborn(role, handle, Marks(check, wrap_check=wrap_check(session, handle) if wraps else b""))
