# SPDX-License-Identifier: Apache-2.0
import os
from collections.abc import Iterator

import pytest

from hsm.errors import RateExceeded
from hsm.in_process import InProcessKeys
from hsm.rate_limit import DEFAULT_RATES, Rate, RateLimit
from hsm.software_store import SoftwareStore
from tests.hsm.running import SetClock


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    seconds = Seconds()
    limit = RateLimit({"unseal": Rate(2, 3)}, seconds)
    limit.spend("unseal", 3)
    with pytest.raises(RateExceeded):
        limit.spend("unseal", 1)
    seconds.now = 0.5
    limit.spend("unseal", 1)
    with pytest.raises(RateExceeded):
        limit.spend("unseal", 1)
    seconds.now = 1000
    limit.spend("unseal", 3)
    with pytest.raises(RateExceeded):
        limit.spend("unseal", 1)


def test_a_refusal_takes_nothing() -> None:
    limit = RateLimit({"seal": Rate(1, 10)}, Seconds())
    with pytest.raises(RateExceeded):
        limit.spend("seal", 11)
    limit.spend("seal", 10)


def test_operations_have_buckets_of_their_own() -> None:
    limit = RateLimit({"seal": Rate(1, 1), "unseal": Rate(1, 1)}, Seconds())
    limit.spend("seal", 1)
    limit.spend("unseal", 1)


def test_an_operation_without_a_rate_is_never_allowed() -> None:
    with pytest.raises(RateExceeded):
        RateLimit({}, Seconds()).spend("ping", 1)


def opened(store: SoftwareStore, rates: dict[str, Rate]) -> Iterator[bytes]:
    keys = InProcessKeys(store, clock=SetClock(), monotonic=Seconds(), rates=rates)
    sealed = keys.sealer.seal([(f"member/nik/{n}", os.urandom(8)) for n in range(1000)])
    for n, value in enumerate(sealed):
        yield keys.sealer.unseal(f"member/nik/{n}", value, reason="bulk")


def test_bulk_opening_stops_at_the_burst(store: SoftwareStore) -> None:
    values = opened(store, dict(DEFAULT_RATES))
    assert len([next(values) for _ in range(DEFAULT_RATES["unseal"].burst)]) == 200
    with pytest.raises(RateExceeded):
        next(values)


def test_sabotage_with_a_wide_limit_the_whole_table_opens(store: SoftwareStore) -> None:
    assert len(list(opened(store, {**DEFAULT_RATES, "unseal": Rate(1e9, 10**9)}))) == 1000
