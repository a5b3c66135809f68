# SPDX-License-Identifier: Apache-2.0
"""A key is made on record: its intent into the journal, the key with its backup into the back end, the backup onto the disk, the outcome noted."""

from collections.abc import Callable
from datetime import datetime

from hsm.custody.backup_folder import BackupFolder
from hsm.custody.journal import CustodyJournal
from hsm.custody.key_record import check_of, described
from hsm.errors import BackupRefused
from hsm.keys.key_custody import KeptKey, KeyCustody
from hsm.keys.key_plan import KeyPlan
from hsm.keys.key_store import KeyDescription

INTENDED, MADE = "key-intended", "key-made"


class KeyMaking:
    """Makes keys for one cause: a ceremony or a rotation, whose name its journal entries carry."""

    def __init__(
        self,
        custody: KeyCustody,
        journal: CustodyJournal,
        backups: BackupFolder,
        clock: Callable[[], datetime],
        *,
        cause: str,
        must_back_up: bool = True,
    ) -> None:
        self._custody = custody
        self._journal = journal
        self._backups = backups
        self._clock = clock
        self._cause = cause
        self._must_back_up = must_back_up

    def generate(self, plan: KeyPlan) -> KeyDescription:
        """A key of the back end's own randomness."""
        return self._make(plan, lambda: self._custody.generate(plan, self._clock()))

    def bring_in(self, plan: KeyPlan, secret: bytearray) -> KeyDescription:
        """A key from outside; ``secret`` is wiped."""
        return self._make(plan, lambda: self._custody.bring_in(plan, secret, self._clock()))

    def _make(self, plan: KeyPlan, making: Callable[[], KeptKey]) -> KeyDescription:
        name = {"purpose": str(plan.purpose), "version": plan.version, "sector": plan.sector}
        if self._must_back_up and self._custody.backup_key_check_value is None:
            raise BackupRefused(rule="the back end has a backup key, so that what is made can be restored")
        self._journal.append(INTENDED, self._clock(), cause=self._cause, **name)
        kept = making()
        if kept.backup is not None:
            self._backups.keep(kept.backup)
        check = check_of(self._custody.store, kept.description)
        self._journal.append(MADE, self._clock(), cause=self._cause, key=described(kept.description), check=check)
        return kept.description


def intended(journal: CustodyJournal, cause: str) -> set[tuple[str, int, int]]:
    """Purpose, version and sector of every key that was meant for one cause, whether it came to be or not."""
    return {
        (entry.facts["purpose"], entry.facts["version"], entry.facts["sector"])
        for entry in journal.of(INTENDED)
        if entry.facts["cause"] == cause
    }


def made_by(journal: CustodyJournal, cause: str) -> set[str]:
    """The names of the keys that came to be for one cause, and were noted: with a backup, if there is a backup key."""
    return {entry.facts["key"]["kid"] for entry in journal.of(MADE) if entry.facts["cause"] == cause}
