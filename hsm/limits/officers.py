# SPDX-License-Identifier: Apache-2.0
"""Officers: people whose signature lets something out of the ordinary happen. A name and a P-256 point, kept beside the keys.

A record of key custody named ``officer/NAME`` (``hsm/keys/key_custody.py``) holds the point, uncompressed, 65 bytes. The back end vouches for
its records, so nobody becomes an officer by writing a file.
"""

import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from hsm.algorithms.es256 import der_signature
from hsm.errors import OfficerRefused

PREFIX = "officer/"
NAME = re.compile(r"[a-z][a-z0-9.-]{1,31}")
POINT_LENGTH = 65
_ES256 = ec.ECDSA(SHA256())


def officer_record(name: str, point: bytes) -> tuple[str, bytes]:
    """Name and content of the record that enrols an officer. Raises OfficerRefused."""
    refuse_unfit_name(name)
    _public_key(name, point)
    return PREFIX + name, point


def refuse_unfit_name(name: str) -> None:
    """Raise OfficerRefused for what is no officer's name."""
    if not NAME.fullmatch(name):
        raise OfficerRefused(name=name, rule="2 to 32 small letters, digits, dots and hyphens, a letter first")


class Officers:
    """The enrolled officers of one back end."""

    def __init__(self, records: Mapping[str, bytes]) -> None:
        """Raises OfficerRefused for a record that is none, and where two officers have one key: then two people would be one."""
        self._keys = {
            name.removeprefix(PREFIX): _public_key(name, content)
            for name, content in records.items()
            if name.startswith(PREFIX)
        }
        points = [content for name, content in records.items() if name.startswith(PREFIX)]
        if len(set(points)) < len(points):
            raise OfficerRefused(name="?", rule="each officer has a key of his own")

    def __contains__(self, name: str) -> bool:
        return name in self._keys

    def has_signed(self, name: str, statement: bytes, signature: bytes) -> bool:
        """Whether the officer of that name signed the statement: ES256, raw r|s."""
        key = self._keys.get(name)
        if key is None:
            return False
        try:
            key.verify(der_signature(signature), statement, _ES256)
        except InvalidSignature:
            return False
        return True


def _public_key(name: str, point: bytes) -> ec.EllipticCurvePublicKey:
    refusal = OfficerRefused(name=name, rule="an uncompressed P-256 point, 65 bytes")
    if len(point) != POINT_LENGTH:
        raise refusal
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise refusal from None
