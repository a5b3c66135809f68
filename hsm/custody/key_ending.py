# SPDX-License-Identifier: Apache-2.0
"""A key is ended or destroyed on record: intent into the journal, deed, outcome."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from hsm.custody.backup_folder import BackupFolder, file_name
from hsm.custody.journal import CustodyJournal
from hsm.custody.key_record import check_of, described, description_of
from hsm.errors import CustodyJournalDamaged
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_store import KeyDescription

ENDING, ENDED = "ending", "ended"
DESTROYING, DESTROYED = "destroying", "destroyed"


def end_key(
    custody: KeyCustody, journal: CustodyJournal, key: KeyDescription, cause: str, clock: Callable[[], datetime]
) -> KeyDescription:
    """It makes nothing new from now on; its public half stays published for the reading period."""
    journal.append(ENDING, clock(), cause=cause, key=described(key))
    ended = custody.end(key, clock())
    journal.append(ENDED, clock(), cause=cause, key=described(ended))
    return ended


def destroy_key(
    custody: KeyCustody,
    journal: CustodyJournal,
    backups: BackupFolder,
    key: KeyDescription,
    cause: str,
    clock: Callable[[], datetime],
) -> None:
    """The key and the wrapped key beside the store are gone. Backups that were carried away are their keepers' to destroy."""
    facts = {"cause": cause, "key": described(key), "check": check_of(custody.store, key)}
    journal.append(DESTROYING, clock(), **facts)
    custody.destroy(key)
    (backups.path / file_name(key)).unlink(missing_ok=True)
    journal.append(DESTROYED, clock(), **facts)


def ended_keys(journal: CustodyJournal) -> Mapping[str, datetime]:
    """The keys that were ended, by kid, each with its end. Raises CustodyJournalDamaged."""
    found = {}
    for entry in journal.of(ENDED):
        try:
            key = description_of(entry.facts["key"])
        except (KeyError, TypeError, ValueError):
            raise CustodyJournalDamaged(path="", number=entry.number) from None
        found[key.kid] = key.expires
    return found


def destroyed_keys(journal: CustodyJournal) -> Sequence[tuple[KeyDescription, str]]:
    """The keys that are gone, each with its check. Raises CustodyJournalDamaged."""
    found = []
    for entry in journal.of(DESTROYED):
        try:
            found.append((description_of(entry.facts["key"]), str(entry.facts["check"])))
        except (KeyError, TypeError, ValueError):
            raise CustodyJournalDamaged(path="", number=entry.number) from None
    return found
