# SPDX-License-Identifier: Apache-2.0
"""The short form of ``python -m tests.campaigns.keys``: kills under load of a worker, of the supervisor, of all; then many callers for some seconds."""

import os
from collections.abc import Iterator

import pytest

from bench.restart import PATIENCE, killed_and_back
from cardservice.clock import now
from hsm.client.key_process import KeyProcess
from hsm.keys.key_uri import KeyUri
from tests.campaigns.keys.__main__ import with_officers
from tests.campaigns.keys.acknowledged import Acknowledged
from tests.campaigns.keys.killing import Whom, killing
from tests.campaigns.keys.lasting import GROWTH_DESCRIPTORS, MOST_GROWTH_KIB, Resources, growth, lasting
from tests.campaigns.keys.restarts import restarted
from tests.hsm.officer_people import ANI, BUDI, granted

KILLS = {Whom.WORKER: 2, Whom.SUPERVISOR: 1, Whom.ALL: 2}


@pytest.fixture(scope="module")
def uri() -> Iterator[KeyUri]:
    with with_officers(softhsm=False) as made:
        yield made


@pytest.mark.parametrize("whom", Whom)
def test_killed_under_load_it_comes_back_and_nothing_acknowledged_is_lost_or_doubled(uri: KeyUri, whom: Whom) -> None:
    report = killing(uri, whom, KILLS[whom], callers=4, seed=7)
    assert report.wrong == [], str(report)
    assert "acknowledged revocations" in str(report)


def test_the_bench_of_a_restart_tells_seconds_and_processor_time(uri: KeyUri) -> None:
    median, longest, spent = killed_and_back("sealed file", uri, rounds=1)
    assert median.value == longest.value
    assert spent.value is not None
    assert 0 < spent.value < PATIENCE


def test_many_callers_for_some_seconds(uri: KeyUri) -> None:
    report = lasting(uri, seconds=3, callers=64)
    assert report.wrong == [], str(report)


def test_sabotage_what_was_never_done_is_seen_as_lost_or_doubled(uri: KeyUri) -> None:
    """Each check of the campaign, on a claim that is false: a revocation, a used grant, an opening, a sealed value."""
    with restarted(uri, workers=1) as running:
        claims = Acknowledged(revoked=[bytes(10)], opened=["row/1"], tried=["row/1"])
        with KeyProcess(running.socket) as keys:
            (sealed,) = keys.sealer.seal([("row/2", b"value")])
            keys.sealer.unseal("row/2", sealed, reason="campaign")
            end = int(now().timestamp()) + 600
            claims.grants = [([("row/2", sealed)], granted(["row/2"], ANI, BUDI, not_after=end))]
            claims.sealed = [("row/2", sealed, b"another value")]
            claims.opened = ["row/1", "row/3"]
        broken = claims.broken(running.socket, running.state, running.log, os.geteuid())
    assert broken == [
        f"revocation lost {bytes(10).hex()}",
        "grant used twice, of row/2",
        "openings counted 1, acknowledged 2, tried 1",
        "opening not recorded row/1",
        "opening not recorded row/3",
        "row/2",
    ]


def test_sabotage_more_openings_than_one_bucket_holds_tell_of_one_that_a_restart_filled(uri: KeyUri) -> None:
    with restarted(uri, workers=1) as running:
        with KeyProcess(running.socket) as keys:
            (sealed,) = keys.sealer.seal([("row/1", b"value")])
            keys.sealer.unseal("row/1", sealed, reason="campaign")
        claims = Acknowledged(opened=[f"row/{number}" for number in range(100_000)])
        found = claims._miscounted(running.state, os.geteuid())
    assert found[-1].endswith("a restart filled the bucket")


def test_what_grows_is_told() -> None:
    early, late = Resources(30_000, 20, 1), Resources(30_001 + MOST_GROWTH_KIB, 25 + GROWTH_DESCRIPTORS, 2)
    assert len(growth("worker 1", early, late, callers=4)) == 3
    assert growth("worker 1", early, early, callers=4) == []
