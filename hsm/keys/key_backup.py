# SPDX-License-Identifier: Apache-2.0
"""A key's backup, made at its birth: AES-KWP (RFC 5649) under the backup key of PKCS#8 (P-256) or the raw secret, and what it is.

The same for all back ends, so that a key born in one can be restored into another. The check value tells the right key after
restoring: SHA-256 of the public point, the KCV of an AES key, a fingerprint of an HMAC key (``hsm/keys/key_check.py``).
"""

import hmac
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from hsm.algorithms.block_cipher import key_check_value
from hsm.errors import BackupRefused
from hsm.keys.key_check import check_value_of_secret, point_of, private_key_of
from hsm.keys.key_description_wire import description_from_wire, description_to_wire
from hsm.keys.key_store import KeyDescription, KeyKind

FORMAT = 1
_SHORT_DER_LENGTH = 0x80
_LONG_DER_LENGTHS = range(0x81, 0x83)


@dataclass(frozen=True, slots=True)
class KeyBackup:
    """One wrapped key. Nothing in it is secret without the backup key."""

    description: KeyDescription
    wrapped: bytes
    check_value: bytes
    backup_key_check_value: bytes
    point: bytes = b""  # of a signing key: a token can't compute it from a private key that it unwraps

    def encode(self) -> bytes:
        """As bytes for a file."""
        return cbor2.dumps(
            {
                "format": FORMAT,
                "key": description_to_wire(self.description),
                "wrapped": self.wrapped,
                "check_value": self.check_value,
                "backup_key": self.backup_key_check_value,
                "point": self.point,
            }
        )

    @classmethod
    def decode(cls, content: bytes) -> "KeyBackup":
        """The inverse of ``encode``. Raises BackupRefused."""
        try:
            wire: dict[str, Any] = cbor2.loads(content)
            if wire["format"] != FORMAT:
                raise BackupRefused(rule=f"format {wire['format']} is not known")
            return cls(
                description_from_wire(wire["key"]),
                bytes(wire["wrapped"]),
                bytes(wire["check_value"]),
                bytes(wire["backup_key"]),
                bytes(wire["point"]),
            )
        except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise BackupRefused(rule="not a backup of a key") from None


def wrapped_in_software(description: KeyDescription, secret: bytes, backup_key: bytes) -> KeyBackup:
    """The backup of a key whose secret is at hand."""
    content, point = secret, b""
    if description.kind is KeyKind.P256:
        private = private_key_of(secret)
        content = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        point = point_of(private)
    return KeyBackup(
        description,
        aes_key_wrap_with_padding(backup_key, content),
        check_value_of_secret(description.kind, secret),
        key_check_value(backup_key),
        point,
    )


def opened_in_software(backup: KeyBackup, backup_key: bytes) -> bytes:
    """The secret in a backup, looked at closely: it is the key that was described. Raises BackupRefused."""
    refuse_other_backup_key(backup, backup_key)
    try:
        content = aes_key_unwrap_with_padding(backup_key, backup.wrapped)
    except (InvalidUnwrap, ValueError):
        raise BackupRefused(rule="does not open under this backup key") from None
    secret = _scalar(content) if backup.description.kind is KeyKind.P256 else content
    if not hmac.compare_digest(check_value_of_secret(backup.description.kind, secret), backup.check_value):
        raise BackupRefused(rule="check value of the restored key")
    return secret


def refuse_other_backup_key(backup: KeyBackup, backup_key: bytes) -> None:
    """Raise BackupRefused unless the backup names this backup key."""
    if key_check_value(backup_key) != backup.backup_key_check_value:
        raise BackupRefused(rule="another backup key wrapped it")


def _scalar(pkcs8: bytes) -> bytes:
    """The scalar in a PKCS#8 key. A token may leave zeros behind the outer SEQUENCE (SoftHSM fills up to 8 bytes before it wraps)."""
    try:
        private = load_der_private_key(_without_filling(pkcs8), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BackupRefused(rule="PKCS#8") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise BackupRefused(rule="a P-256 key")
    return private.private_numbers().private_value.to_bytes(32)


def _without_filling(der: bytes) -> bytes:
    length = der[1] if len(der) > 1 else 0
    header = 2
    if length in _LONG_DER_LENGTHS:
        header += length - _SHORT_DER_LENGTH
        length = int.from_bytes(der[2:header])
    if any(der[header + length :]):
        raise BackupRefused(rule="PKCS#8")
    return der[: header + length]
