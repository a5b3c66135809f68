# SPDX-License-Identifier: Apache-2.0
"""The bureau of this machine: its records, its key process, the clock and the system's randomness, open for one command."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cardservice import clock
from cardservice.collection.packs_taken_in import take_in
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.rules import Rules
from cardservice.issuance.bureau import Bureau
from cardservice.records.database import Database, open_database, parse_address
from cardservice.records.errors import DatabaseBehind
from cardservice.rule_folder import load_rule_packs
from hsm.client.key_process import DEADLINE
from reader_tools.cli.key_caller import key_process
from reader_tools.cli.settings import Settings


@contextmanager
def open_records(settings: Settings) -> Iterator[Database]:
    """The database that the settings name. A SQLite file that is not there is not made by asking: raises DatabaseBehind."""
    require_database(settings)
    database = open_database(settings.database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def open_bureau(settings: Settings, *, patience: float = DEADLINE) -> Iterator[Bureau]:
    """Records and keys. The key process is not asked for anything yet, so commands that need no key work without it.

    ``patience`` is how long one question to the keys may take, in seconds.
    """
    with records_and_packs(settings) as (database, packs), key_process(settings, patience=patience) as keys:
        yield Bureau(database, keys, clock.now, secrets.token_bytes, packs)


@contextmanager
def records_and_packs(settings: Settings) -> Iterator[tuple[Database, PacksInForce]]:
    """The database and the rule packs, with the moments since when they are known in it. Raises RulePackFileRefused, RulePackAltered."""
    packs = rule_packs(settings)
    with open_records(settings) as database:
        yield database, take_in(database, packs, clock.now())


def rule_packs(settings: Settings) -> PacksInForce:
    """The signed rule packs that the settings name. Raises RulePackFileRefused."""
    return load_rule_packs(settings.rule_packs, settings.rule_pack_key)


@contextmanager
def priced(settings: Settings) -> Iterator[tuple[Database, datetime, Rules]]:
    """The records, the present moment, and the rules that price what is paid at it."""
    with records_and_packs(settings) as (database, packs):
        # After they were taken in: what is known from a moment on does not price what came before it.
        at = clock.now()
        yield database, at, packs.at(at)


def require_database(settings: Settings) -> None:
    """Raises DatabaseBehind where there is no SQLite file; DatabaseUnsupported for an address that is none."""
    address = parse_address(settings.database)
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).is_file():
        raise DatabaseBehind(kind="sqlite")
