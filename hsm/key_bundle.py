# SPDX-License-Identifier: Apache-2.0
"""What is inside a sealed key file: descriptions and secrets of all keys and the CA certificate, as one CBOR map."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import cbor2

from cardservice.keys import Purpose
from hsm.errors import KeyFileDamaged
from hsm.key_store import KeyDescription, KeyKind

FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key with its secret: a P-256 scalar (32 bytes), an AES key, or 32 bytes for HMAC."""

    description: KeyDescription
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyBundle:
    """All of a software store."""

    keys: Sequence[StoredKey]
    ca_certificate: bytes

    def encode(self) -> bytes:
        """The content to be sealed."""
        return cbor2.dumps(
            {
                "format": FORMAT,
                "ca_certificate": self.ca_certificate,
                "keys": [_key_to_wire(key) for key in self.keys],
            }
        )

    @classmethod
    def decode(cls, content: bytes) -> "KeyBundle":
        """The inverse of ``encode``. Raises KeyFileDamaged."""
        try:
            wire = cbor2.loads(content)
            if wire["format"] != FORMAT:
                raise KeyFileDamaged(rule=f"content format {wire['format']} is not known")
            return cls([_key_from_wire(key) for key in wire["keys"]], bytes(wire["ca_certificate"]))
        except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError):
            # Nothing of the cause may be shown: it could quote the content.
            raise KeyFileDamaged(rule="content") from None


def _key_to_wire(key: StoredKey) -> dict[str, object]:
    about = key.description
    return {
        "purpose": str(about.purpose),
        "version": about.version,
        "kid": about.kid,
        "kind": str(about.kind),
        "created": int(about.created.timestamp()),
        "active_from": int(about.active_from.timestamp()),
        "expires": int(about.expires.timestamp()),
        "sector": about.sector,
        "derived_length": about.derived_length,
        "secret": key.secret,
    }


def _key_from_wire(wire: dict[str, Any]) -> StoredKey:
    about = KeyDescription(
        purpose=Purpose(wire["purpose"]),
        version=int(wire["version"]),
        kid=str(wire["kid"]),
        kind=KeyKind(wire["kind"]),
        created=datetime.fromtimestamp(wire["created"], UTC),
        active_from=datetime.fromtimestamp(wire["active_from"], UTC),
        expires=datetime.fromtimestamp(wire["expires"], UTC),
        sector=int(wire["sector"]),
        derived_length=int(wire["derived_length"]),
    )
    return StoredKey(about, bytes(wire["secret"]))
