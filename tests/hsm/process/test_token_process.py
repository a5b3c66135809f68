# SPDX-License-Identifier: Apache-2.0
"""The key process over a SoftHSM2 token: workers start, die and are replaced, and the token is lost and comes back, while callers ask."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.key_process import RunningKeys, running_keys, softhsm_token
from bench.token_loss import folder_of, is_answered, is_told, ways
from bench.token_loss import sign as sign_by
from cardservice.keys import Purpose
from hsm.client.key_process import KeyProcess
from hsm.errors import HsmError, KeyProcessDown, TokenLost
from hsm.keys.key_uri import KeyUri
from tests.hsm.running import ROOT, eventually

pytestmark = pytest.mark.needs("softhsm2")


@pytest.fixture(scope="module")
def token() -> Iterator[KeyUri]:
    # The settings of this process are its own tests': what a token's tests set is put back.
    before = os.environ.get("SOFTHSM2_CONF")
    with softhsm_token() as uri:
        yield uri
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before


@contextmanager
def working(uri: KeyUri) -> Iterator[tuple[RunningKeys, KeyProcess]]:
    with running_keys(uri, "--workers", "2") as running, KeyProcess(running.socket) as keys:
        yield running, keys


def sign(keys: KeyProcess) -> None:
    """A signature that holds under the published key, or the typed error."""
    sign_by(keys, keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key)


def outcome(keys: KeyProcess) -> type[HsmError] | None:
    """What a caller who waits a second at most is told."""
    try:
        sign(keys)
    except HsmError as error:
        return type(error)
    return None


def test_workers_start_together_again_and_again_and_the_token_is_whole(token: KeyUri) -> None:
    """A login writes to the token. Two at once, or one that is ended in the middle, once left none behind."""
    for _ in range(3):
        with working(token) as (running, keys):
            assert keys.ping() == "pkcs11"
            sign(keys)
            assert len(running.workers) == 2


def test_a_killed_worker_is_replaced_and_a_hangup_replaces_all(token: KeyUri) -> None:
    with working(token) as (running, keys):
        before = running.workers
        os.kill(before[0], signal.SIGKILL)
        for _ in range(20):
            sign(keys)
        assert eventually(lambda: len(running.workers) == 2 and before[0] not in running.workers)
        running.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: not set(running.workers) & set(before) and len(running.workers) == 2)
        sign(keys)


@pytest.fixture(scope="module")
def other(token: KeyUri) -> Path:  # noqa: ARG001 - the settings are the first one's again
    """The folder of another token of the same name and PIN."""
    settings = os.environ["SOFTHSM2_CONF"]
    with softhsm_token() as made:
        copy = folder_of(made).rename(folder_of(made).parents[1] / f"kb-other-{os.getpid()}")
    os.environ["SOFTHSM2_CONF"] = settings
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    return copy


@pytest.mark.parametrize("way", range(3), ids=["vanished", "another in its place", "key files emptied"])
def test_a_lost_token_is_a_typed_error_and_found_again_when_it_returns(token: KeyUri, other: Path, way: int) -> None:
    """What holds until it is noticed is a signature by the right key; then it is the typed error, and never another key's signature."""
    _, lose, bring_back = ways(other)[way]
    with working(token) as (running, keys), KeyProcess(running.socket) as beside:
        known = keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
        beside.ping()  # so that both workers have a caller
        workers = running.workers
        lose(folder_of(token))
        try:
            for asked in (keys, beside):
                assert eventually(lambda asked=asked: is_told(asked, known))  # type: ignore[misc] # bound for its turn
            assert [outcome(keys), outcome(beside)] == [TokenLost] * 2
        finally:
            bring_back(folder_of(token))
        for asked in (keys, beside):
            assert eventually(lambda asked=asked: is_answered(asked, known))  # type: ignore[misc] # as above
        assert running.workers == workers


def test_workers_that_start_over_another_token_serve_none_of_its_keys_and_wait_for_ours(
    token: KeyUri, other: Path
) -> None:
    _, swap, swap_back = ways(other)[1]
    with working(token) as (running, keys):
        known = keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
        swap(folder_of(token))
        try:
            for worker in running.workers:
                os.kill(worker, signal.SIGKILL)
            assert eventually(lambda: running.log.read_text().count("hsm-keys-changed") >= 2)
            # No answer at all: neither a signature nor another public key.
            assert outcome(keys) in {KeyProcessDown, TokenLost}
        finally:
            swap_back(folder_of(token))
        assert eventually(lambda: is_answered(keys, known))
        assert running.process.poll() is None


def test_an_empty_object_file_planted_while_it_serves_changes_nothing(token: KeyUri) -> None:
    with working(token) as (running, keys):
        known = keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
        (folder,) = (path for path in folder_of(token).iterdir() if path.is_dir())
        planted = [folder / f"deadbeef-0000-0000-0000-000000000000.{ending}" for ending in ("object", "lock")]
        for path in planted:
            path.touch(mode=0o600)
        try:
            sign_by(keys, known)
            os.kill(running.workers[0], signal.SIGKILL)
            for _ in range(20):
                sign_by(keys, known)
            assert eventually(lambda: len(running.workers) == 2)
            sign_by(keys, known)
        finally:
            for path in planted:
                path.unlink(missing_ok=True)


def test_on_a_full_disk_it_signs_by_the_same_key_refuses_what_it_could_not_remember_and_goes_on() -> None:
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, "-m", "tests.hsm.serving_on_full_disk"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "revoke done",
        "full sign done",
        "full revoke hsm-state-unusable",
        "full sign done",
        "full, a new worker signs True",
        "revoke done",
        "sign done",
        "forgotten 0",
    ]
