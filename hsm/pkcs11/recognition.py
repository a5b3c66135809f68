# SPDX-License-Identifier: Apache-2.0
"""Is this object the key that its description speaks of? Asked of every key whenever objects are found, by making the key work.

A CKA_ID proves nothing, and labels are not unique. A signing key signs something new that must verify under its known point; a master, an HMAC key and a
wrapping key each give a value that was noted when the key came.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from pkcs11 import Mechanism

from hsm.algorithms.es256 import der_signature
from hsm.keys.key_check import HMAC_CHECK_LENGTH, HMAC_CHECK_MESSAGE, check_value_of_point
from hsm.pkcs11.derived_keys import check_value_of_master
from hsm.pkcs11.key_templates import Role, passing
from hsm.pkcs11.library_calls import created, hmac_sha256, signed_digest, wrapped

_WRAP_CHECK_CONTENT: Final = b"KJS-WRAP-CHECK-1"  # 16 bytes: wrapped as if it were an AES key
_WRAP_CHECK_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Marks:
    """What a key is recognised by: its check value (hsm/keys/key_check.py), a signing key's point, what a wrapping key makes of a constant."""

    check_value: bytes
    point: bytes = b""
    wrap_check: bytes = b""


def is_recognised(session: pkcs11.Session, key: Any, role: Role, marks: Marks) -> bool:
    """Whether the object is the key with these marks. Raises PKCS11Error."""
    match role:
        case Role.SIGNING:
            return check_value_of_point(marks.point) == marks.check_value and signs_under(session, key, marks.point)
        case Role.MASTER:
            return check_value_of_master(key) == marks.check_value
        case Role.HMAC:
            return hmac.compare_digest(hmac_check(key), marks.check_value)
        case Role.SEAL | Role.BACKUP:
            return wrap_check(session, key) == marks.wrap_check
        case Role.RECORDS:
            return True  # it is recognised by every record that it authenticates


def signs_under(session: pkcs11.Session, key: Any, point: bytes) -> bool:
    """Whether a signature over something new verifies under the point."""
    digest = hashlib.sha256(session.generate_random(256)).digest()
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        public.verify(der_signature(signed_digest(key, digest)), digest, ec.ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True


def hmac_check(key: Any) -> bytes:
    """The check value of an HMAC key."""
    return hmac_sha256(key, HMAC_CHECK_MESSAGE)[:HMAC_CHECK_LENGTH]


def wrap_check(session: pkcs11.Session, key: Any) -> bytes:
    """What a wrapping key makes of a constant (AES-KW); it may do nothing else that could be compared."""
    constant = created(session, _WRAP_CHECK_CONTENT, passing(Role.SEAL, extractable=True))
    try:
        return wrapped(constant, key, Mechanism.AES_KEY_WRAP)[:_WRAP_CHECK_LENGTH]
    finally:
        constant.destroy()
