# SPDX-License-Identifier: Apache-2.0
"""The key process over a SoftHSM2 token: workers start, die and are replaced, and the token is lost and comes back, while callers ask."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.key_process import RunningKeys, running_keys, softhsm_token
from cardservice.clock import now
from cardservice.keys import Purpose
from hsm.client import KeyProcess
from hsm.errors import HsmError, TokenLost
from hsm.es256 import der_signature
from hsm.key_uri import KeyUri
from tests.hsm.documents import token_input
from tests.hsm.running import eventually

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
    signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
    known = signer.verifying_key
    document = token_input(known.kid, now=now())
    verify(known.point, signer.sign(document), document)


def outcome(keys: KeyProcess) -> type[HsmError] | None:
    """What a caller who waits a second at most is told."""
    try:
        sign(keys)
    except HsmError as error:
        return type(error)
    return None


def verify(point: bytes, signature: bytes, document: bytes) -> None:
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    public.verify(der_signature(signature), document, ec.ECDSA(SHA256()))


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


def test_a_lost_token_is_a_typed_error_in_time_and_found_again_when_it_returns(token: KeyUri) -> None:
    assert token.pin_source.path is not None
    folder = token.pin_source.path.with_name("tokens")
    away = folder.with_name("away")
    with working(token) as (running, keys):
        sign(keys)
        workers = running.workers
        folder.rename(away)
        try:
            # What holds until it is noticed is a signature by the right key; then it is the typed error, and no silence.
            assert eventually(lambda: outcome(keys) is TokenLost)
        finally:
            away.rename(folder)
        assert eventually(lambda: outcome(keys) is None)
        assert running.workers == workers
