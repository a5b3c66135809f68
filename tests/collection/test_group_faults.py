# SPDX-License-Identifier: Apache-2.0
"""Groups' sums and agents' cash under fire: told by many at once over HTTP, service and database killed with -9. Done once, told the same."""

import pytest

from tests.collection.group_storm import GroupStorm
from tests.collection.running import Machine
from tests.collection.storm import kill_api, kill_postgresql


@pytest.mark.needs("postgresql")
def test_sixty_four_tell_one_sum_at_once(postgresql_machine: Machine) -> None:
    storm = GroupStorm(postgresql_machine, 11, 64)
    storm.tell_sum(lambda: None)
    storm.check_sum()


@pytest.mark.needs("postgresql")
def test_the_service_is_killed_meanwhile(postgresql_machine: Machine) -> None:
    storm = GroupStorm(postgresql_machine, 12, 12)
    storm.tell_sum(kill_api(postgresql_machine, 0.05))
    storm.check_sum()


@pytest.mark.needs("postgresql")
def test_the_database_is_killed_meanwhile(postgresql_machine: Machine) -> None:
    storm = GroupStorm(postgresql_machine, 13, 12)
    storm.tell_sum(kill_postgresql(postgresql_machine, 0.1))
    storm.check_sum()
    storm.take_cash(kill_postgresql(postgresql_machine, 0.02))
    storm.check_cash()


def test_sqlite_credits_once_too(sqlite_machine: Machine) -> None:
    storm = GroupStorm(sqlite_machine, 14, 8)
    storm.tell_sum(kill_api(sqlite_machine, 0.1))
    storm.check_sum()
    storm.take_cash(kill_api(sqlite_machine, 0.02))
    storm.check_cash()
