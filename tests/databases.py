# SPDX-License-Identifier: Apache-2.0
"""Fixtures: an empty, migrated database on SQLite and on PostgreSQL. Every conftest that wants them imports them.

``database`` runs its test twice, ``sqlite_database`` once; both start from a copy that was migrated once.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cardservice.records.database import Database, open_database
from cardservice.records.schema import upgrade
from tests.postgresql import Cluster, running_cluster

CLUSTER = pytest.StashKey[Cluster]()
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_cluster(pytestconfig: pytest.Config) -> Cluster:
    # One server for the whole run, however many conftests have this fixture of their own.
    if CLUSTER not in pytestconfig.stash:
        running = ExitStack()
        pytestconfig.add_cleanup(running.close)
        pytestconfig.stash[CLUSTER] = running.enter_context(running_cluster())
    return pytestconfig.stash[CLUSTER]


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "kartu.db"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster) -> str:
    return postgresql_cluster.migrated_database()


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    opened.close()
