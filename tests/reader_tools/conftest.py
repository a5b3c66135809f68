# SPDX-License-Identifier: Apache-2.0
"""A pcscd of our own for the tests of the desk, and the wait for what is in its slots."""

import time
from collections.abc import Callable, Iterator

import pytest

from reader_tools.pcsc.readers import CardPresence
from reader_tools.pcsc.survey import survey
from reader_tools.virtual.pcsc_slot import LOOK_SECONDS
from tests.private_pcscd import READERS, PrivatePcscd, require

Settled = Callable[[CardPresence], None]


@pytest.fixture(scope="module")
def running_pcscd() -> Iterator[PrivatePcscd]:
    require()
    with PrivatePcscd() as service:
        yield service


@pytest.fixture
def pcscd(running_pcscd: PrivatePcscd, monkeypatch: pytest.MonkeyPatch) -> PrivatePcscd:
    for name, value in running_pcscd.environment.items():
        monkeypatch.setenv(name, value)
    return running_pcscd


@pytest.fixture
def settled(pcscd: PrivatePcscd) -> Iterator[Settled]:
    """Wait until the first slot is as told: pcscd looks every 400 ms. Each test begins and ends with an empty slot."""

    def wait(wanted: CardPresence) -> None:
        deadline = time.monotonic() + 10
        while (seen := {reader.name: reader.card for reader in survey()}.get(READERS[0])) is not wanted:
            assert time.monotonic() < deadline, f"{READERS[0]} of pid {pcscd.pid} is {seen}, not {wanted}"
            time.sleep(0.1)
        if wanted is CardPresence.EMPTY:
            # "Empty" is also what a failed reset leaves; only pcscd's next look makes it a removal (docs/decisions/0061).
            time.sleep(LOOK_SECONDS)

    wait(CardPresence.EMPTY)
    yield wait
    wait(CardPresence.EMPTY)
