# SPDX-License-Identifier: Apache-2.0
"""The service over a world, one verifier registered, one covered member's card handed over."""

import pytest

from tests.api.served import Service
from tests.databases import migrated_sqlite, sqlite_url
from tests.verification.conftest import budi, clock, keys, sari, world
from tests.verification.world import IssuedCard, World

__all__ = ["budi", "clock", "keys", "migrated_sqlite", "sari", "sqlite_url", "world"]


@pytest.fixture
def service(world: World, sari: IssuedCard) -> Service:
    world.hand_over(sari)
    return Service(world)


@pytest.fixture
def secret(world: World) -> str:
    return world.register(1)
