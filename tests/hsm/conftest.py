# SPDX-License-Identifier: Apache-2.0
"""Keys for tests of the key process: one bundle for the whole run, and its faces in process and through a socket."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardservice.clock import monotonic
from hsm.client.key_faces import KeyFaces
from hsm.client.key_process import KeyProcess
from hsm.in_process import InProcessKeys
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW
from tests.hsm.running import SetClock, serving


@pytest.fixture(scope="session")
def bundle() -> KeyBundle:
    return development_keys(NOW, os.urandom)


@pytest.fixture(scope="session")
def store(bundle: KeyBundle) -> SoftwareStore:
    return SoftwareStore(bundle, os.urandom)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def socket_path(bundle: KeyBundle, clock: SetClock) -> Iterator[Path]:
    with serving(bundle, clock) as path:
        yield path


@pytest.fixture(params=["in-process", "socket"])
def keys(request: pytest.FixtureRequest, store: SoftwareStore, clock: SetClock) -> Iterator[KeyFaces]:
    if request.param == "in-process":
        yield InProcessKeys(store, clock=clock, monotonic=monotonic)
        return
    with KeyProcess(request.getfixturevalue("socket_path")) as process:
        yield process
