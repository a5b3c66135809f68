# SPDX-License-Identifier: Apache-2.0
"""What is inside a sealed key file: all keys with their secrets, the CA certificate, the backup key and records, as one CBOR map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cbor2

from hsm.errors import KeyFileDamaged
from hsm.keys.key_description_wire import description_from_wire, description_to_wire
from hsm.keys.key_store import KeyDescription

FORMAT = 2
_FIRST_FORMAT = 1  # without backup key and records


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key with its secret: a P-256 scalar (32 bytes), an AES key, or 32 bytes for HMAC."""

    description: KeyDescription
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyBundle:
    """All of a software store. ``backup_key`` is empty if there is none, ``ca_certificate`` before the CA has one."""

    keys: Sequence[StoredKey] = ()
    ca_certificate: bytes = b""
    backup_key: bytes = field(default=b"", repr=False)
    records: Mapping[str, bytes] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The content to be sealed."""
        return cbor2.dumps(
            {
                "format": FORMAT,
                "ca_certificate": self.ca_certificate,
                "keys": [description_to_wire(key.description) | {"secret": key.secret} for key in self.keys],
                "backup_key": self.backup_key,
                "records": dict(self.records),
            }
        )

    @classmethod
    def decode(cls, content: bytes) -> "KeyBundle":
        """The inverse of ``encode``. Raises KeyFileDamaged."""
        try:
            wire: dict[str, Any] = cbor2.loads(content)
            if wire["format"] == _FIRST_FORMAT:
                wire |= {"backup_key": b"", "records": {}}
            elif wire["format"] != FORMAT:
                raise KeyFileDamaged(rule=f"content format {wire['format']} is not known")
            return cls(
                [StoredKey(description_from_wire(key), bytes(key["secret"])) for key in wire["keys"]],
                bytes(wire["ca_certificate"]),
                bytes(wire["backup_key"]),
                {str(name): bytes(record) for name, record in wire["records"].items()},
            )
        except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError, OverflowError, AttributeError):
            # Nothing of the cause may be shown: it could quote the content.
            raise KeyFileDamaged(rule="content") from None
