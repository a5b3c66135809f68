# SPDX-License-Identifier: Apache-2.0
"""Custody of the keys in a token: the intent is recorded beside the keys, the key comes, the outcome is recorded.

What an interrupted session left - an intent without its outcome, and perhaps an object - is cleared away when custody opens next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import cbor2
from pkcs11 import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error

from hsm.algorithms.block_cipher import key_check_value
from hsm.errors import BackupRefused, KeyNotFound, TokenFault, TokenLost
from hsm.keys.ca_certificate import refuse_foreign_ca_certificate
from hsm.keys.key_backup import KeyBackup, refuse_other_backup_key
from hsm.keys.key_custody import KeptKey, refuse_unfit_backup_key, refuse_unfit_record
from hsm.keys.key_identifier import cose_kid, kid_of_point, random_kid
from hsm.keys.key_plan import GENERATED_LENGTH, KeyPlan, refuse_taken_name, refuse_unfit_plan, refuse_unfit_secret
from hsm.keys.key_store import KeyDescription
from hsm.keys.randomness import Randomness
from hsm.machine.wiping import wiped
from hsm.pkcs11.birth import Newborn, born, brought, padded_wrapping, settle, unwrapped_newborn
from hsm.pkcs11.contents import (
    BACKUP,
    BACKUP_KEY_ID,
    CERTIFICATE,
    KEY,
    PUBLIC,
    RECORD_KEY_ID,
    TokenContents,
    TokenKey,
    contents_of,
    key_content,
    marks_to_wire,
)
from hsm.pkcs11.key_templates import Role, lasting, named, passing, role_of
from hsm.pkcs11.library_calls import created, generated, wrapped
from hsm.pkcs11.module import name_of
from hsm.pkcs11.recognition import is_recognised
from hsm.pkcs11.records import State, erase_record, objects_of, write_record
from hsm.pkcs11.session import TokenSession
from hsm.pkcs11.token_store import TokenStore


class TokenCustody:
    """The keys of one token, open for change over a session that may write."""

    def __init__(self, session: TokenSession, *, randomness: Randomness, monotonic: Callable[[], float]) -> None:
        self._token = session
        self._session = session.current
        self._randomness = randomness
        self._monotonic = monotonic
        try:
            self._contents: TokenContents = contents_of(self._session)
            self._prepare()
        except PKCS11Error as error:
            raise TokenLost(token=session.name, rule=name_of(error)) from None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._token.name}: {len(self._contents.keys)} keys>"

    @property
    def store(self) -> TokenStore:
        """The same keys at work."""
        with self._told():
            return TokenStore(self._token, randomness=self._randomness, monotonic=self._monotonic)

    def generate(self, plan: KeyPlan, now: datetime) -> KeptKey:
        """A new random key."""
        refuse_unfit_plan(plan, self._descriptions())
        with self._told():
            return self._keep(plan, born(self._session, role_of(plan.purpose)), now)

    def bring_in(self, plan: KeyPlan, secret: bytearray, now: datetime) -> KeptKey:
        """A key from outside; ``secret`` is wiped."""
        with wiped(secret), self._told():
            refuse_unfit_plan(plan, self._descriptions())
            refuse_unfit_secret(plan, secret)
            return self._keep(plan, brought(self._session, role_of(plan.purpose), secret), now)

    def end(self, key: KeyDescription, now: datetime) -> KeyDescription:
        """Let it make nothing new from now on."""
        found = self._find(key)
        ended = found.description.ended(now)
        with self._told():
            self._write(KEY + key.kid, State.KEPT, key_content(ended, found.marks))
        found.description = ended
        return ended

    def destroy(self, key: KeyDescription) -> None:
        """Delete the key, its record last."""
        found = self._find(key)
        name = KEY + key.kid
        with self._told():
            self._write(name, State.LEAVING, self._contents.records[name].content)
            found.handle.destroy()
            del self._contents.keys[key.kid]
            erase_record(self._contents.records.pop(name))

    def set_ca_certificate(self, certificate: bytes) -> None:
        """Keep the card CA's certificate."""
        refuse_foreign_ca_certificate(certificate, self.store)
        with self._told():
            self._write(CERTIFICATE, State.KEPT, certificate)

    def set_backup_key(self, secret: bytearray) -> None:
        """Take the backup key, which only wraps from here on; ``secret`` is wiped."""
        with wiped(secret), self._told():
            refuse_unfit_backup_key(secret)
            if self._contents.backup:
                erase_record(self._contents.records.pop(BACKUP))
                self._contents.backup[0].destroy()
                self._contents.backup = None
            newborn = brought(self._session, Role.BACKUP, secret)
            handle = settle(self._session, newborn, BACKUP_KEY_ID, "kartu backup key")
            self._write(BACKUP, State.KEPT, cbor2.dumps(marks_to_wire(newborn.marks)))
            self._contents.backup = (handle, newborn.marks)

    @property
    def backup_key_check_value(self) -> bytes | None:
        """KCV of the backup key."""
        return self._contents.backup[1].check_value if self._contents.backup else None

    def restore(self, backups: Sequence[KeyBackup], backup_key: bytearray) -> list[KeyDescription]:
        """Take keys back; ``backup_key`` opens them inside the token, as a session key, and is wiped."""
        restored = []
        with wiped(backup_key), self._told():
            refuse_unfit_backup_key(backup_key)
            opening = created(self._session, backup_key, passing(Role.SEAL, Attribute.UNWRAP, extractable=False))
            try:
                for backup in backups:
                    if key_check_value(bytes(backup_key)) != backup.backup_key_check_value:
                        refuse_other_backup_key(backup, bytes(backup_key))
                    refuse_taken_name(backup.description, self._descriptions())
                    newborn = self._newborn_of(backup, opening)
                    self._settle(backup.description, newborn)
                    restored.append(backup.description)
            finally:
                opening.destroy()
        return restored

    def records(self) -> Mapping[str, bytes]:
        """Records by name."""
        return self._contents.public_records

    def keep_record(self, name: str, content: bytes) -> None:
        """Keep or replace a record."""
        refuse_unfit_record(name, content)
        with self._told():
            self._write(PUBLIC + name, State.KEPT, content)

    def drop_record(self, name: str) -> None:
        """Forget a record."""
        record = self._contents.records.pop(PUBLIC + name, None)
        if record:
            with self._told():
                erase_record(record)

    def _keep(self, plan: KeyPlan, newborn: Newborn, now: datetime) -> KeptKey:
        marks = newborn.marks
        kid = kid_of_point(marks.point) if marks.point else random_kid(self._randomness)
        description = plan.describe(kid, now)
        backup = None
        if self._contents.backup:
            under, backup_marks = self._contents.backup
            blob = wrapped(newborn.handle, under, padded_wrapping(self._session))
            backup = KeyBackup(description, blob, marks.check_value, backup_marks.check_value, marks.point)
        self._settle(description, newborn)
        return KeptKey(description, backup)

    def _settle(self, description: KeyDescription, newborn: Newborn) -> None:
        name, content = KEY + description.kid, key_content(description, newborn.marks)
        self._write(name, State.INTENDED, content)
        label = f"{description.purpose} {description.version}"
        handle = settle(self._session, newborn, cose_kid(description.kid), label)
        if not is_recognised(self._session, handle, newborn.role, newborn.marks):
            handle.destroy()
            raise TokenFault(token=self._token.name, rule="the key that was settled is another one")
        self._write(name, State.KEPT, content)
        self._contents.keys[description.kid] = TokenKey(description, newborn.marks, handle)

    def _newborn_of(self, backup: KeyBackup, opening: Any) -> Newborn:
        role = role_of(backup.description.purpose)
        try:
            newborn = unwrapped_newborn(self._session, role, backup.wrapped, opening, backup.point)
        except (PKCS11Error, ValueError):
            raise BackupRefused(rule="does not open under this backup key") from None
        right = newborn.marks.check_value == backup.check_value
        if right and role is Role.SIGNING:
            right = is_recognised(self._session, newborn.handle, role, newborn.marks)
        if not right:
            newborn.handle.destroy()
            raise BackupRefused(rule="check value of the restored key")
        return newborn

    def _prepare(self) -> None:
        """Make the key of the records if this is the first time; clear away what was interrupted."""
        if self._contents.record_key is None:
            attributes = named(lasting(Role.RECORDS), RECORD_KEY_ID, "kartu key of the records")
            self._contents.record_key = generated(self._session, GENERATED_LENGTH, attributes)
        for record in list(self._contents.records.values()):
            if record.state is not State.KEPT:
                self._clear(cose_kid(record.name.removeprefix(KEY)))
                erase_record(self._contents.records.pop(record.name))
        if self._contents.backup is None:
            self._clear(BACKUP_KEY_ID)

    def _clear(self, identifier: bytes) -> None:
        for kind in (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY):
            for left in objects_of(self._session, {Attribute.CLASS: kind, Attribute.ID: identifier}):
                left.destroy()

    def _write(self, name: str, state: State, content: bytes) -> None:
        before = self._contents.records.get(name)
        self._contents.records[name] = write_record(
            self._session, self._contents.record_key, before, name, state, content
        )

    def _descriptions(self) -> list[KeyDescription]:
        return [key.description for key in self._contents.keys.values()]

    def _find(self, key: KeyDescription) -> TokenKey:
        try:
            return self._contents.keys[key.kid]
        except KeyError:
            raise KeyNotFound(purpose=str(key.purpose), version=key.version, sector=key.sector) from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Answers of the module as our errors."""
        self._token.module.refuse_other_thread()
        try:
            yield
        except PKCS11Error as error:
            fault = TokenFault if self._answers() else TokenLost
            raise fault(token=self._token.name, rule=name_of(error)) from None

    def _answers(self) -> bool:
        """Whether the token is there, so that what failed is this one thing: on a full disk, for one."""
        try:
            return bool(self._contents.record_key[Attribute.TOKEN])
        except PKCS11Error:
            return False
