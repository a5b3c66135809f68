# SPDX-License-Identifier: Apache-2.0
"""The short form of ``python -m tests.campaigns.keys``: kills under load, a killed supervisor, many callers for some seconds."""

from collections.abc import Iterator

import pytest

from bench.key_process import running_keys, sealed_file
from hsm.key_uri import KeyUri
from tests.campaigns.keys import forgotten, killing, lasting, supervisor_killed


@pytest.fixture(scope="module")
def uri() -> Iterator[KeyUri]:
    with sealed_file() as made:
        yield made


def test_workers_are_killed_under_load_and_nothing_acknowledged_is_lost(uri: KeyUri) -> None:
    assert killing(uri, kills=3, callers=4, seed=7) == []


def test_a_killed_supervisor_takes_its_workers_with_it_and_the_next_knows_what_was_acknowledged(uri: KeyUri) -> None:
    assert supervisor_killed(uri) == []


def test_many_callers_for_some_seconds(uri: KeyUri) -> None:
    assert lasting(uri, seconds=4, callers=64) == []


def test_sabotage_a_revocation_that_was_never_written_is_seen_as_lost(uri: KeyUri) -> None:
    with running_keys(uri, "--workers", "1") as running:
        assert forgotten(running.socket, [bytes(10)]) == [bytes(10)]
