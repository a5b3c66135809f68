# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a counter over SQLite, with invented members."""

import random
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from cardservice.enrolment.import_members import import_members
from cardservice.enrolment.member_list import read_member_list
from cardservice.issuance.bureau import Bureau
from cardservice.records.database import Database, open_database
from cardservice.records.schema import upgrade
from hsm.in_process import InProcessKeys
from tests.issuance.counter import START, Clock, Counter

EXAMPLES = Path(__file__).parents[2] / "examples" / "members.csv"


@pytest.fixture(scope="session")
def made_keys() -> InProcessKeys:
    randomness = random.Random(23).randbytes
    ticks = count()
    # Monotonic seconds that run fast: these tests are about cards, not about limits.
    return InProcessKeys.with_new_keys(clock=lambda: START, monotonic=lambda: float(next(ticks)), randomness=randomness)


@pytest.fixture
def open_counter(tmp_path: Path, made_keys: InProcessKeys) -> Iterator[Callable[[], Counter]]:
    opened: list[Database] = []

    def make() -> Counter:
        url = f"sqlite:///{tmp_path / f'kartu-{len(opened)}.db'}"
        upgrade(url)
        database = open_database(url)
        opened.append(database)
        clock = Clock()
        bureau = Bureau(database, made_keys, clock.now, random.Random(len(opened)).randbytes)
        import_members(
            database,
            read_member_list(EXAMPLES.read_bytes(), today=START.date()),
            sealer=made_keys.sealer,
            blind_index=made_keys.blind_index,
            new_id=bureau.identifier,
            at=clock.now(),
        )
        return Counter(bureau)

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def counter(open_counter: Callable[[], Counter]) -> Counter:
    return open_counter()
