# SPDX-License-Identifier: Apache-2.0
"""Custody of keys in software: each verb makes a new bundle, saves it, and only then takes it for the present one."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hsm.algorithms.block_cipher import key_check_value
from hsm.errors import KeyNotFound
from hsm.keys.ca_certificate import refuse_foreign_ca_certificate
from hsm.keys.key_backup import KeyBackup, opened_in_software, wrapped_in_software
from hsm.keys.key_check import point_of, private_key_of
from hsm.keys.key_custody import KeptKey, refuse_unfit_backup_key, refuse_unfit_record
from hsm.keys.key_identifier import kid_of_point, random_kid
from hsm.keys.key_plan import KeyPlan, new_secret, refuse_taken_name, refuse_unfit_plan, refuse_unfit_secret
from hsm.keys.key_store import KeyDescription, KeyKind
from hsm.keys.randomness import Randomness
from hsm.machine.wiping import wiped
from hsm.stores.key_bundle import KeyBundle, StoredKey
from hsm.stores.software_store import SoftwareStore


class SoftwareCustody:
    """Keys of a bundle. ``save`` makes a bundle durable or raises, and then nothing has changed."""

    def __init__(
        self, bundle: KeyBundle, save: Callable[[KeyBundle], None], randomness: Randomness = os.urandom
    ) -> None:
        self._bundle = bundle
        self._save = save
        self._randomness = randomness

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._bundle.keys)} keys>"

    @property
    def bundle(self) -> KeyBundle:
        """All of it, as last saved."""
        return self._bundle

    @property
    def store(self) -> SoftwareStore:
        """The same keys at work."""
        return SoftwareStore(self._bundle, self._randomness)

    def generate(self, plan: KeyPlan, now: datetime) -> KeptKey:
        """A new random key."""
        refuse_unfit_plan(plan, self._descriptions())
        return self._keep(plan, new_secret(plan.kind, self._randomness), now)

    def bring_in(self, plan: KeyPlan, secret: bytearray, now: datetime) -> KeptKey:
        """A key from outside; ``secret`` is wiped."""
        with wiped(secret):
            refuse_unfit_plan(plan, self._descriptions())
            refuse_unfit_secret(plan, secret)
            return self._keep(plan, bytes(secret), now)

    def end(self, key: KeyDescription, now: datetime) -> KeyDescription:
        """Let it make nothing new from now on."""
        stored = self._find(key)
        ended = stored.description.ended(now)
        keys = [StoredKey(ended, one.secret) if one is stored else one for one in self._bundle.keys]
        self._change(replace(self._bundle, keys=keys))
        return ended

    def destroy(self, key: KeyDescription) -> None:
        """Delete the key. Earlier copies of the file are the administrator's to destroy."""
        stored = self._find(key)
        self._change(replace(self._bundle, keys=[one for one in self._bundle.keys if one is not stored]))

    def set_ca_certificate(self, certificate: bytes) -> None:
        """Keep the card CA's certificate."""
        refuse_foreign_ca_certificate(certificate, self.store)
        self._change(replace(self._bundle, ca_certificate=certificate))

    def set_backup_key(self, secret: bytearray) -> None:
        """Take the backup key; ``secret`` is wiped."""
        with wiped(secret):
            refuse_unfit_backup_key(secret)
            self._change(replace(self._bundle, backup_key=bytes(secret)))

    @property
    def backup_key_check_value(self) -> bytes | None:
        """KCV of the backup key."""
        return key_check_value(self._bundle.backup_key) if self._bundle.backup_key else None

    def restore(self, backups: Sequence[KeyBackup], backup_key: bytearray) -> list[KeyDescription]:
        """Take keys back; ``backup_key`` is wiped."""
        restored = []
        with wiped(backup_key):
            refuse_unfit_backup_key(backup_key)
            for backup in backups:
                refuse_taken_name(backup.description, self._descriptions())
                secret = opened_in_software(backup, bytes(backup_key))
                self._change(replace(self._bundle, keys=[*self._bundle.keys, StoredKey(backup.description, secret)]))
                restored.append(backup.description)
        return restored

    def records(self) -> Mapping[str, bytes]:
        """Records by name; the file's seal authenticates them."""
        return dict(self._bundle.records)

    def keep_record(self, name: str, content: bytes) -> None:
        """Keep or replace a record."""
        refuse_unfit_record(name, content)
        self._change(replace(self._bundle, records=dict(self._bundle.records) | {name: content}))

    def drop_record(self, name: str) -> None:
        """Forget a record."""
        kept = {other: content for other, content in self._bundle.records.items() if other != name}
        self._change(replace(self._bundle, records=kept))

    def _keep(self, plan: KeyPlan, secret: bytes, now: datetime) -> KeptKey:
        kid = random_kid(self._randomness)
        if plan.kind is KeyKind.P256:
            kid = kid_of_point(point_of(private_key_of(secret)))
        description = plan.describe(kid, now)
        backup = wrapped_in_software(description, secret, self._bundle.backup_key) if self._bundle.backup_key else None
        self._change(replace(self._bundle, keys=[*self._bundle.keys, StoredKey(description, secret)]))
        return KeptKey(description, backup)

    def _descriptions(self) -> list[KeyDescription]:
        return [key.description for key in self._bundle.keys]

    def _find(self, key: KeyDescription) -> StoredKey:
        for stored in self._bundle.keys:
            if stored.description.kid == key.kid:
                return stored
        raise KeyNotFound(purpose=str(key.purpose), version=key.version, sector=key.sector)

    def _change(self, bundle: KeyBundle) -> None:
        self._save(bundle)
        self._bundle = bundle
