# SPDX-License-Identifier: Apache-2.0
"""What a custody command works on: the opened keys and their journal, held for as long as the command runs."""

import argparse
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from hsm.custody.backup_folder import BackupFolder
from hsm.custody.empty_folder import make_private_folder
from hsm.custody.journal import CustodyJournal, open_journal
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_places import KeyPlaces, key_places
from hsm.keys.key_store import KeyStore
from hsm.keys.key_uri import FileUri, PinSource
from hsm.keys.passphrase import create_passphrase_file
from hsm.keys.pin_source import secret_of, with_lasting_secrets
from hsm.process.command_line import file_of
from hsm.process.production import Environment, refuse_replaceable_places, refuse_software_keys, refuse_unvalidated
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.login_turn import login_turn
from hsm.stores.open_keys import open_custody, open_store
from hsm.stores.sealed_file import create_sealed

PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """Keys to be looked at, where they lie, and their journal."""

    store: KeyStore
    places: KeyPlaces
    journal: CustodyJournal


@dataclass(frozen=True, slots=True)
class OpenedCustody:
    """Keys to be changed, their journal, and the folder where each key is backed up at its birth."""

    custody: KeyCustody
    journal: CustodyJournal
    backups: BackupFolder


@contextmanager
def opened_store(options: argparse.Namespace, environment: Environment) -> Iterator[OpenedStore]:
    """The keys that the options name, for reading. Raises what opening keys and a journal raises."""
    places = places_of(options)
    refuse_unsafe_places(options, places, environment)
    with open_journal(journal_of(options)) as journal:
        with _turn_to_log_in(options, places):
            store = open_store(places)
        refuse_unvalidated_tokens(options, environment, store)
        yield OpenedStore(store, places, journal)


@contextmanager
def opened_custody(
    options: argparse.Namespace, environment: Environment, *, make: bool = False
) -> Iterator[OpenedCustody]:
    """The same keys, for change. With ``make``, sealed files that are not there are made, empty, and their passphrase files too."""
    places = places_of(options)
    refuse_unsafe_places(options, places, environment)
    if make:
        places = with_lasting_secrets(
            places
        )  # a new file is sealed, then opened: an inherited descriptor is read twice
        for uri in places.all():
            if isinstance(uri, FileUri):
                _make_empty(uri)
    backups = BackupFolder(journal_of(options).with_name("backups"))
    with open_journal(journal_of(options)) as journal, ExitStack() as stack:
        with _turn_to_log_in(options, places):
            custody = stack.enter_context(open_custody(places))
        refuse_unvalidated_tokens(options, environment, custody.store)
        yield OpenedCustody(custody, journal, backups)


def _turn_to_log_in(options: argparse.Namespace, places: KeyPlaces) -> AbstractContextManager[object]:
    """While a worker of the key process logs in to a token, custody waits; its state folder lies beside the journal, once it was started."""
    state = journal_of(options).with_name("state")
    is_shared = state.is_dir() and not all(isinstance(uri, FileUri) for uri in places.all())
    return login_turn(state) if is_shared else nullcontext()


def places_of(options: argparse.Namespace) -> KeyPlaces:
    """Where the keys lie. Raises KeyUriRefused or KeyPlacesRefused."""
    if options.keys is not None:
        return key_places(options.keys)
    return KeyPlaces(FileUri(options.store, PinSource(options.passphrase_file, options.passphrase_fd)))


def journal_of(options: argparse.Namespace) -> Path:
    """The journal that the options name, or the one beside the sealed file."""
    journal: Path = options.journal or options.store.with_name("custody.journal")
    with suppress(OSError):  # a folder that can't be made is told when the journal is opened
        journal.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    return journal


def refuse_unsafe_places(options: argparse.Namespace, places: KeyPlaces, environment: Environment) -> None:
    """Raises RefusedInProduction for a sealed file in production, and for a place that others could put another in: keys, journal, the file of places.

    Whoever can take the journal away can have an old backup bring back what was ended or destroyed.
    """
    if any(isinstance(uri, FileUri) for uri in places.all()):
        refuse_software_keys(environment)
    refuse_replaceable_places(environment, places.all(), [journal_of(options), *filter(None, [file_of(options)])])


def refuse_unvalidated_tokens(options: argparse.Namespace, environment: Environment, store: KeyStore) -> None:
    """Raises UnvalidatedToken or OpenTokenFolder for a token in software in production, unless it was accepted by name of the option."""
    if environment is Environment.PRODUCTION:
        refuse_unvalidated(store, accepted=options.accept_unvalidated_token)


def _make_empty(uri: FileUri) -> None:
    if uri.path.exists():
        return
    make_private_folder(uri.path.parent)
    if uri.pin_source.path is not None and not uri.pin_source.path.exists():
        create_passphrase_file(uri.pin_source.path, os.urandom)
    with secret_of(uri.pin_source) as secret:
        create_sealed(uri.path, KeyBundle().encode(), secret, os.urandom)
