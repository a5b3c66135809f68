# SPDX-License-Identifier: Apache-2.0
"""What a custody command works on: the opened store and its journal, held for as long as the command runs."""

import argparse
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hsm.custody.journal import CustodyJournal, open_journal
from hsm.custody.key_record import description_of
from hsm.errors import CustodyJournalDamaged
from hsm.key_bundle import KeyBundle
from hsm.key_store import KeyDescription, KeyStore
from hsm.passphrase import passphrase_from_descriptor, passphrase_from_file
from hsm.production import Environment, refuse_software_keys
from hsm.sealed_file import open_sealed
from hsm.software_store import SoftwareStore

DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Custody:
    """One store, its journal, the time, and which kind of place this is."""

    store: KeyStore
    journal: CustodyJournal
    environment: Environment
    now: datetime

    def destroyed(self) -> list[tuple[KeyDescription, str]]:
        """The keys that are gone, each with its check. Raises CustodyJournalDamaged."""
        found = []
        for entry in self.journal.of(DESTROYED):
            try:
                found.append((description_of(entry.facts["key"]), str(entry.facts["check"])))
            except (KeyError, TypeError, ValueError):
                raise CustodyJournalDamaged(path="", number=entry.number) from None
        return found


@contextmanager
def opened(options: argparse.Namespace, environment: Environment, now: datetime) -> Iterator[Custody]:
    """The store that the options name. Raises what opening a store and a journal raises."""
    refuse_software_keys(environment)
    with open_journal(options.journal or journal_beside(options.store)) as journal:
        with passphrase(options) as secret:
            bundle = KeyBundle.decode(open_sealed(options.store, secret))
        yield Custody(SoftwareStore(bundle, os.urandom), journal, environment, now)


def journal_beside(store: Path) -> Path:
    """Where the journal of a sealed file lies, if nobody says otherwise."""
    return store.with_name("custody.journal")


def passphrase(options: argparse.Namespace) -> AbstractContextManager[bytearray]:
    """What opens the store."""
    if options.passphrase_fd is not None:
        return passphrase_from_descriptor(options.passphrase_fd)
    return passphrase_from_file(options.passphrase_file)
