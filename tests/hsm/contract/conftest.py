# SPDX-License-Identifier: Apache-2.0
"""Back ends for the contract suites: an empty one per test, a second one of either kind to restore into, and one of each kind with all keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cardservice.clock import monotonic
from hsm.client.key_faces import KeyFaces
from hsm.client.key_process import KeyProcess
from hsm.in_process import InProcessKeys
from hsm.keys.key_plan import KeyPlan
from hsm.keys.key_store import KeyStore
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_store import SoftwareStore
from tests.hsm.back_ends import BackEnd, SealedFile
from tests.hsm.documents import NOW
from tests.hsm.running import SetClock
from tests.hsm.softhsm import SoftHsm

SOFTHSM = pytest.param("softhsm2", marks=pytest.mark.needs("softhsm2"))


def made(kind: str, folder: Path) -> BackEnd:
    return SealedFile(folder / "keys") if kind == "software" else SoftHsm(folder)


@pytest.fixture(params=["software", SOFTHSM])
def back_end(request: pytest.FixtureRequest, tmp_path: Path) -> BackEnd:
    (tmp_path / "first").mkdir()
    return made(request.param, tmp_path / "first")


@pytest.fixture(params=["software", SOFTHSM])
def spare(request: pytest.FixtureRequest, tmp_path: Path) -> BackEnd:
    (tmp_path / "second").mkdir()
    return made(request.param, tmp_path / "second")


@pytest.fixture(scope="session")
def full_token(bundle: KeyBundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[SoftHsm, KeyStore]:
    """A token with the very keys of the bundle, and its store."""
    softhsm = SoftHsm(tmp_path_factory.mktemp("full-token"))
    with softhsm.custody() as custody:
        for key in bundle.keys:
            about = key.description
            plan = KeyPlan(
                about.purpose, about.version, about.active_from, about.expires, about.sector, about.derived_length
            )
            custody.bring_in(plan, bytearray(key.secret), NOW)
        custody.set_ca_certificate(bundle.ca_certificate)
    return softhsm, softhsm.store()


@pytest.fixture
def full_token_store(full_token: tuple[SoftHsm, KeyStore]) -> KeyStore:
    """The same store in each test. Others may have restarted the module: then it finds its keys again."""
    softhsm, store = full_token
    softhsm.enter()
    return store


@pytest.fixture(params=["software", SOFTHSM])
def full_store(request: pytest.FixtureRequest, store: SoftwareStore) -> KeyStore:
    """The keys of the bundle, in either back end."""
    found: KeyStore = store if request.param == "software" else request.getfixturevalue("full_token_store")
    return found


@pytest.fixture(params=["in-process", "socket", SOFTHSM])
def keys(request: pytest.FixtureRequest, store: SoftwareStore, clock: SetClock) -> Iterator[KeyFaces]:
    match request.param:
        case "socket":
            with KeyProcess(request.getfixturevalue("socket_path")) as process:
                yield process
        case kind:
            over = store if kind == "in-process" else request.getfixturevalue("full_token_store")
            yield InProcessKeys(over, clock=clock, monotonic=monotonic)
