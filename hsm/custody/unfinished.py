# SPDX-License-Identifier: Apache-2.0
"""Ceremonies that were cut short: where they stopped, and how the way is cleared for another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hsm.custody.backup_folder import BackupFolder
from hsm.custody.ceremony_steps import STEP
from hsm.custody.journal import CustodyJournal
from hsm.custody.key_ending import destroy_key
from hsm.custody.key_making import intended
from hsm.errors import CeremonyRefused, CeremonyUnfinished
from hsm.keys.key_custody import KeyCustody

BEGUN, COMPLETE, ABANDONED = "ceremony-begun", "ceremony-complete", "ceremony-abandoned"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A ceremony that began and did not end, and the last step that it began."""

    ceremony: str
    step: int


def unfinished_ceremony(journal: CustodyJournal) -> Unfinished | None:
    """The one that the journal tells of, if there is one."""
    begun = journal.of(BEGUN)
    if not begun:
        return None
    name = begun[-1].facts["ceremony"]
    ended = {entry.facts["ceremony"] for entry in [*journal.of(COMPLETE), *journal.of(ABANDONED)]}
    if name in ended:
        return None
    steps = [entry.facts["number"] for entry in journal.of(STEP) if entry.facts["ceremony"] == name]
    return Unfinished(name, max(steps, default=0))


def refuse_unfinished(journal: CustodyJournal) -> None:
    """Keys that were not checked to the end are neither published, attested, rotated nor carried away. Raises CeremonyUnfinished."""
    left = unfinished_ceremony(journal)
    if left is not None:
        raise CeremonyUnfinished(step=left.step)


def clear_the_way(
    custody: KeyCustody,
    journal: CustodyJournal,
    backups: BackupFolder,
    clock: Callable[[], datetime],
    *,
    again: bool,
) -> None:
    """Leave an empty back end. Keys that no unfinished ceremony meant to make are never touched. Raises CeremonyRefused."""
    left = unfinished_ceremony(journal)
    if left is not None and not again:
        raise CeremonyRefused(step=left.step, rule="a ceremony stopped here: begin it again with --again")
    if left is not None:
        _abandon(left, custody, journal, backups, clock)
    if custody.store.descriptions():
        raise CeremonyRefused(step=0, rule="a ceremony begins on an empty back end, and keys are there")


def _abandon(
    left: Unfinished,
    custody: KeyCustody,
    journal: CustodyJournal,
    backups: BackupFolder,
    clock: Callable[[], datetime],
) -> None:
    meant = intended(journal, left.ceremony)
    for key in custody.store.descriptions():
        if (str(key.purpose), key.version, key.sector) in meant:
            destroy_key(custody, journal, backups, key, left.ceremony, clock)
    journal.append(ABANDONED, clock(), ceremony=left.ceremony, step=left.step)
