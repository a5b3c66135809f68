# SPDX-License-Identifier: Apache-2.0
"""Worlds for the tests of verification, and the cards that are in them."""

from collections.abc import Iterator

import pytest

from hsm.in_process import InProcessKeys
from tests.databases import (
    database_url,
    migrated_sqlite,
    postgresql_cluster,
    postgresql_url,
    sqlite_url,
)
from tests.hsm.running import SetClock
from tests.verification.world import NOW, IssuedCard, World, issue_card, new_keys, open_world

__all__ = ["database_url", "migrated_sqlite", "postgresql_cluster", "postgresql_url", "sqlite_url"]


@pytest.fixture(scope="session")
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(scope="session")
def keys(clock: SetClock) -> InProcessKeys:
    return new_keys(clock)


@pytest.fixture(scope="session")
def sari(keys: InProcessKeys) -> IssuedCard:
    return issue_card(keys, 1)


@pytest.fixture(scope="session")
def budi(keys: InProcessKeys) -> IssuedCard:
    return issue_card(keys, 2)


@pytest.fixture
def world(sqlite_url: str, keys: InProcessKeys, clock: SetClock) -> Iterator[World]:
    with open_world(sqlite_url, keys, clock) as opened:
        yield opened


@pytest.fixture
def either_world(database_url: str, keys: InProcessKeys, clock: SetClock) -> Iterator[World]:
    """The same on SQLite and on PostgreSQL."""
    with open_world(database_url, keys, clock) as opened:
        yield opened
