# SPDX-License-Identifier: Apache-2.0
"""The contract of key custody: what an administrator does to the keys of a back end, at a ceremony or a rotation.

A custody session is opened alone (``hsm/stores/open_keys.py``), never by the key process that serves callers. Every verb is durable when it
returns. Secrets come in as bytearrays and are wiped here, whatever happens; none ever goes out, except wrapped under the backup key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hsm.errors import BackupRefused, RecordRefused
from hsm.keys.key_backup import KeyBackup
from hsm.keys.key_plan import KeyPlan
from hsm.keys.key_store import KeyDescription, KeyStore

BACKUP_KEY_LENGTH = 32  # bytes, AES-256
MAX_RECORD_LENGTH = 4096  # bytes
MAX_RECORD_NAME_LENGTH = 64  # characters


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that is now in the back end, and its backup if there was a backup key at its birth."""

    description: KeyDescription
    backup: KeyBackup | None


class KeyCustody(Protocol):
    """What ceremonies, rotation, backup and restore ask of a back end. Each verb may raise KeyFileUnwritable, TokenFault or TokenLost."""

    @property
    def store(self) -> KeyStore:
        """The same keys at work, as they are now: for the CA's own certificate and a ceremony's test signatures."""
        ...

    def generate(self, plan: KeyPlan, now: datetime) -> KeptKey:
        """A new random key inside the back end. Raises KeyExists or KeyPlanRefused."""
        ...

    def bring_in(self, plan: KeyPlan, secret: bytearray, now: datetime) -> KeptKey:
        """A key from outside: a P-256 scalar (32 bytes), an AES key (16, 24 or 32), or 32 bytes for HMAC. Raises KeyExists or KeyPlanRefused."""
        ...

    def end(self, key: KeyDescription, now: datetime) -> KeyDescription:
        """Let it make nothing new from now on; what it made stays readable for the purpose's reading period."""
        ...

    def destroy(self, key: KeyDescription) -> None:
        """Delete the key for good. Raises KeyNotFound."""
        ...

    def set_ca_certificate(self, certificate: bytes) -> None:
        """Keep the card CA's certificate, DER. Raises CaCertificateRefused if it isn't about a card CA key that is here."""
        ...

    def set_backup_key(self, secret: bytearray) -> None:
        """Take the backup key, 32 bytes: it wraps keys at their birth from now on, and opens nothing. Replaces the one before."""
        ...

    @property
    def backup_key_check_value(self) -> bytes | None:
        """KCV of the backup key (3 bytes), or None if there is none: then nothing generated can ever be backed up."""
        ...

    def restore(self, backups: Sequence[KeyBackup], backup_key: bytearray) -> list[KeyDescription]:
        """Take keys back from their backups, in order; stops at the first that fails. Raises KeyExists or BackupRefused."""
        ...

    def records(self) -> Mapping[str, bytes]:
        """Small public records kept and authenticated beside the keys, by name: officers of two-person rules, for one."""
        ...

    def keep_record(self, name: str, content: bytes) -> None:
        """Keep or replace a record: a name of at most 64 characters, at most 4 KiB. Raises RecordRefused."""
        ...

    def drop_record(self, name: str) -> None:
        """Forget a record, if it is there."""
        ...


def refuse_unfit_backup_key(secret: bytearray) -> None:
    """Raise BackupRefused unless these are 32 bytes."""
    if len(secret) != BACKUP_KEY_LENGTH:
        raise BackupRefused(rule=f"a backup key has {BACKUP_KEY_LENGTH} bytes")


def refuse_unfit_record(name: str, content: bytes) -> None:
    """Raise RecordRefused for a name or content past the limits."""
    if not 1 <= len(name) <= MAX_RECORD_NAME_LENGTH or not name.isascii() or not name.isprintable():
        raise RecordRefused(rule=f"a name of 1 to {MAX_RECORD_NAME_LENGTH} printable ASCII characters")
    if len(content) > MAX_RECORD_LENGTH:
        raise RecordRefused(rule=f"at most {MAX_RECORD_LENGTH} bytes")
