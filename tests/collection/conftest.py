# SPDX-License-Identifier: Apache-2.0
"""Tills on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.collection.running import Machine, running_machine
from tests.collection.till import Till, give_number
from tests.databases import (
    database,
    database_url,
    migrated_sqlite,
    postgresql_cluster,
    postgresql_url,
    sqlite_database,
    sqlite_url,
)
from tests.postgresql import running_cluster
from tests.verification.conftest import budi, clock, either_world, keys, sari, world
from tests.verification.world import World

__all__ = [
    "budi",
    "clock",
    "database",
    "database_url",
    "either_world",
    "keys",
    "migrated_sqlite",
    "postgresql_cluster",
    "postgresql_url",
    "sari",
    "sqlite_database",
    "sqlite_url",
    "world",
]


@pytest.fixture(scope="session")
def sqlite_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Real processes on SQLite."""
    with running_machine(f"sqlite:///{tmp_path_factory.mktemp('machine') / 'kartu.db'}") as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_machine() -> Iterator[Machine]:
    """Real processes on a PostgreSQL of their own, which may be killed."""
    with running_cluster() as cluster, running_machine(cluster.migrated_database(), cluster) as running:
        yield running


@pytest.fixture
def till(either_world: World) -> Till:
    """A bank with closed bills, as BCA tries them, on both databases."""
    return Till(either_world)


@pytest.fixture
def quick_till(world: World) -> Till:
    """The same on SQLite only, for what no database sees."""
    return Till(world)


@pytest.fixture
def member_number(till: Till) -> str:
    return give_number(till.world.database, 1)


@pytest.fixture
def quick_number(quick_till: Till) -> str:
    return give_number(quick_till.world.database, 1)
