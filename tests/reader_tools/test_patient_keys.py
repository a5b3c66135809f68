# SPDX-License-Identifier: Apache-2.0
"""Keys for long work wait for the key process's own limits instead of going around them."""

import os
import time

import pytest

from cardservice.clock import now
from hsm.errors import RateExceeded
from hsm.in_process import InProcessKeys
from hsm.limits.rate_limit import DEFAULT_RATES, Rate
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from reader_tools import patient_keys
from reader_tools.patient_keys import PatientBlindIndex, PatientSealer

VALUES = [number.to_bytes(4) for number in range(1, 1301)]


@pytest.fixture
def ticks() -> list[float]:
    return [0.0]


@pytest.fixture
def keys(ticks: list[float]) -> InProcessKeys:
    """Keys whose limits are as narrow as can be: one question's worth at once, 100 a second after that."""
    narrow = {"seal": Rate(100, patient_keys.AT_ONCE), "blind-index": Rate(100, patient_keys.AT_ONCE)}
    return InProcessKeys(
        SoftwareStore(development_keys(now(), os.urandom), os.urandom),
        clock=now,
        monotonic=lambda: ticks[0],
        rates={**DEFAULT_RATES, **narrow},
    )


@pytest.fixture
def sleeping(ticks: list[float], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        ticks[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    return slept


def test_many_values_come_in_order_and_take_the_time_that_the_limit_says(
    keys: InProcessKeys, sleeping: list[float]
) -> None:
    indexes = PatientBlindIndex(keys.blind_index).blind_index(VALUES)
    assert len(set(indexes)) == len(VALUES)
    assert 8 <= sum(sleeping) < 9  # 1,300 values, 500 at once, 100 a second
    sealed = PatientSealer(keys.sealer).seal([(f"t.c.{value.hex()}", value) for value in VALUES])
    opened = [keys.sealer.unseal(f"t.c.{VALUES[n].hex()}", sealed[n], reason="test") for n in (0, 501, 1299)]
    assert opened == [VALUES[0], VALUES[501], VALUES[1299]]


def test_patience_ends(keys: InProcessKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)  # time stands still
    with pytest.raises(RateExceeded):
        PatientBlindIndex(keys.blind_index).blind_index(VALUES)
