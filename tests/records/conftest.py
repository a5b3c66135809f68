# SPDX-License-Identifier: Apache-2.0
"""Databases for the tests of records: those of tests/databases.py, and empty ones for the migrations."""

from pathlib import Path

import pytest

from tests.databases import (
    BOTH,
    database,
    database_url,
    migrated_sqlite,
    postgresql_cluster,
    postgresql_url,
    sqlite_database,
    sqlite_url,
)
from tests.postgresql import Cluster

__all__ = [
    "database",
    "database_url",
    "empty_url",
    "migrated_sqlite",
    "postgresql_cluster",
    "postgresql_url",
    "sqlite_database",
    "sqlite_url",
]


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def empty_postgresql_url(postgresql_cluster: Cluster) -> str:
    return postgresql_cluster.empty_database()


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest) -> str:
    """The address of a database without tables."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url
