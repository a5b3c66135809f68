# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a counter over SQLite, with invented members; and one over each database."""

import random
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from cardservice.enrolment.import_members import import_members
from cardservice.enrolment.member_list import read_member_list
from cardservice.issuance.bureau import Bureau
from cardservice.records.database import Database, open_database
from hsm.in_process import InProcessKeys
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.coverage.rules_2026 import PACKS_2026, RULES_2026
from tests.databases import (
    database,
    database_url,
    migrated_sqlite,
    postgresql_cluster,
    postgresql_url,
    sqlite_database,
    sqlite_url,
)
from tests.issuance.counter import START, Clock, Counter

__all__ = [
    "database",
    "database_url",
    "migrated_sqlite",
    "postgresql_cluster",
    "postgresql_url",
    "sqlite_database",
    "sqlite_url",
]
EXAMPLES = Path(__file__).parents[2] / "examples" / "members.csv"


@pytest.fixture(scope="session")
def made_store() -> SoftwareStore:
    randomness = random.Random(23).randbytes
    return SoftwareStore(development_keys(START, randomness), randomness)


def counter_over(database: Database, store: SoftwareStore, seed: int) -> Counter:
    clock = Clock()
    ticks = count()
    # Monotonic seconds that run fast: these tests are about cards, not about limits. What one counter revoked is new at the next.
    keys = InProcessKeys(store, clock=lambda: START, monotonic=lambda: float(next(ticks)))
    bureau = Bureau(database, keys, clock.now, random.Random(seed).randbytes, PACKS_2026)
    import_members(
        database,
        read_member_list(EXAMPLES.read_bytes(), today=START.date()),
        sealer=keys.sealer,
        blind_index=keys.blind_index,
        new_id=bureau.identifier,
        at=clock.now(),
        rules=RULES_2026,
    )
    return Counter(bureau)


@pytest.fixture
def open_counter(tmp_path: Path, migrated_sqlite: Path, made_store: SoftwareStore) -> Iterator[Callable[[], Counter]]:
    opened: list[Database] = []

    def make() -> Counter:
        path = tmp_path / f"kartu-{len(opened)}.db"
        shutil.copyfile(migrated_sqlite, path)
        opened.append(open_database(f"sqlite:///{path}"))
        return counter_over(opened[-1], made_store, len(opened))

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def counter(open_counter: Callable[[], Counter]) -> Counter:
    return open_counter()


@pytest.fixture
def either_counter(database: Database, made_store: SoftwareStore) -> Counter:
    """The test runs twice: over SQLite and over PostgreSQL."""
    return counter_over(database, made_store, 1)
