# SPDX-License-Identifier: Apache-2.0
"""Custody of keys in several back ends: each verb goes to the place of the key's purpose; the backup key is one for all."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cardservice.keys import Purpose
from hsm.keys.key_backup import KeyBackup
from hsm.keys.key_custody import KeptKey, KeyCustody
from hsm.keys.key_plan import KeyPlan
from hsm.keys.key_store import KeyDescription
from hsm.machine.wiping import wiped
from hsm.stores.divided_store import DividedStore


class DividedCustody:
    """Custody over ``elsewhere``, which also keeps the records, and over the places that purposes have of their own."""

    def __init__(self, elsewhere: KeyCustody, by_purpose: Mapping[Purpose, KeyCustody]) -> None:
        self._elsewhere = elsewhere
        self._by_purpose = by_purpose

    @property
    def store(self) -> DividedStore:
        """The same keys at work."""
        stores = {id(custody): custody.store for custody in (self._elsewhere, *self._by_purpose.values())}
        own = {purpose: stores[id(custody)] for purpose, custody in self._by_purpose.items()}
        return DividedStore(stores[id(self._elsewhere)], own)

    def generate(self, plan: KeyPlan, now: datetime) -> KeptKey:
        """A new random key in its place."""
        return self._of(plan.purpose).generate(plan, now)

    def bring_in(self, plan: KeyPlan, secret: bytearray, now: datetime) -> KeptKey:
        """A key from outside, into its place."""
        return self._of(plan.purpose).bring_in(plan, secret, now)

    def end(self, key: KeyDescription, now: datetime) -> KeyDescription:
        """Let it make nothing new from now on."""
        return self._of(key.purpose).end(key, now)

    def destroy(self, key: KeyDescription) -> None:
        """Delete the key for good."""
        self._of(key.purpose).destroy(key)

    def set_ca_certificate(self, certificate: bytes) -> None:
        """Keep the card CA's certificate, beside its key."""
        self._of(Purpose.CARD_CA).set_ca_certificate(certificate)

    def set_backup_key(self, secret: bytearray) -> None:
        """Give every place the backup key."""
        with wiped(secret):
            for custody in self._all():
                custody.set_backup_key(bytearray(secret))

    @property
    def backup_key_check_value(self) -> bytes | None:
        """KCV of the backup key, if every place has the same."""
        values = {custody.backup_key_check_value for custody in self._all()}
        return values.pop() if len(values) == 1 else None

    def restore(self, backups: Sequence[KeyBackup], backup_key: bytearray) -> list[KeyDescription]:
        """Take keys back, each into its place."""
        restored = []
        with wiped(backup_key):
            for backup in backups:
                custody = self._of(backup.description.purpose)
                restored += custody.restore([backup], bytearray(backup_key))
        return restored

    def records(self) -> Mapping[str, bytes]:
        """Records by name."""
        return self._elsewhere.records()

    def keep_record(self, name: str, content: bytes) -> None:
        """Keep or replace a record."""
        self._elsewhere.keep_record(name, content)

    def drop_record(self, name: str) -> None:
        """Forget a record."""
        self._elsewhere.drop_record(name)

    def _of(self, purpose: Purpose) -> KeyCustody:
        return self._by_purpose.get(purpose, self._elsewhere)

    def _all(self) -> list[KeyCustody]:
        return list({id(custody): custody for custody in (self._elsewhere, *self._by_purpose.values())}.values())
