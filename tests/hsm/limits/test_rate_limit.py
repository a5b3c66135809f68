# SPDX-License-Identifier: Apache-2.0
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hsm.errors import CountersFull, RateExceeded
from hsm.in_process import InProcessKeys
from hsm.limits.caller_records import CallerRecords
from hsm.limits.rate_limit import CELLS_NEEDED, DEFAULT_RATES, Rate, RateLimit
from hsm.limits.safeguards import rate_counters_in
from hsm.machine.locked_memory import LockedMemory
from hsm.stores.software_store import SoftwareStore
from tests.hsm.running import SetClock

ME, OTHER = 1000, 1001
NARROW = {"unseal": Rate(2, 3)}


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    seconds = Seconds()
    limit = RateLimit({"unseal": Rate(2, 3)}, seconds)
    limit.spend(ME, "unseal", 3)
    with pytest.raises(RateExceeded):
        limit.spend(ME, "unseal", 1)
    seconds.now = 0.5
    limit.spend(ME, "unseal", 1)
    with pytest.raises(RateExceeded):
        limit.spend(ME, "unseal", 1)
    seconds.now = 1000
    limit.spend(ME, "unseal", 3)
    with pytest.raises(RateExceeded):
        limit.spend(ME, "unseal", 1)


def test_a_refusal_takes_nothing() -> None:
    limit = RateLimit({"seal": Rate(1, 10)}, Seconds())
    with pytest.raises(RateExceeded):
        limit.spend(ME, "seal", 11)
    limit.spend(ME, "seal", 10)


def test_operations_have_buckets_of_their_own() -> None:
    limit = RateLimit({"seal": Rate(1, 1), "unseal": Rate(1, 1)}, Seconds())
    limit.spend(ME, "seal", 1)
    limit.spend(ME, "unseal", 1)


def openings(limit: RateLimit, caller: int) -> int:
    """How many he gets of fifty that he asks for."""
    got = 0
    for _ in range(50):
        with suppress(RateExceeded):
            limit.spend(caller, "unseal", 1)
            got += 1
    return got


def test_who_empties_his_bucket_starves_nobody_else() -> None:
    limit = RateLimit(NARROW, Seconds())
    assert [openings(limit, caller) for caller in (OTHER, ME)] == [3, 3]


def test_sabotage_with_one_bucket_for_all_the_greedy_one_shuts_the_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    place = CallerRecords.place
    monkeypatch.setattr(CallerRecords, "place", lambda self, cells, _, operation: place(self, cells, 0, operation))
    limit = RateLimit(NARROW, Seconds())
    assert [openings(limit, caller) for caller in (OTHER, ME)] == [3, 0]


def test_a_new_process_finds_the_buckets_as_the_old_one_left_them(tmp_path: Path) -> None:
    seconds = Seconds()
    seconds.now = 5000.0
    first = rate_counters_in(tmp_path)
    RateLimit(NARROW, seconds, first).spend(ME, "unseal", 3)
    first.close()
    second = rate_counters_in(tmp_path)
    limit = RateLimit(NARROW, seconds, second)
    with pytest.raises(RateExceeded):
        limit.spend(ME, "unseal", 1)
    limit.spend(OTHER, "unseal", 3)
    second.close()


def test_sabotage_counters_that_end_with_the_process_fill_every_bucket_at_each_start() -> None:
    RateLimit(NARROW, Seconds()).spend(ME, "unseal", 3)
    RateLimit(NARROW, Seconds()).spend(ME, "unseal", 3)


def test_after_a_start_of_the_machine_what_was_spent_refills_from_then_on() -> None:
    """The clock begins again at nothing: no bucket is full, and none stays empty for as long as the machine ran before."""
    seconds = Seconds()
    seconds.now = 1_000_000.0
    limit = RateLimit(NARROW, seconds)
    limit.spend(ME, "unseal", 3)
    seconds.now = 10.0
    with pytest.raises(RateExceeded):
        limit.spend(ME, "unseal", 1)
    seconds.now = 11.0
    limit.spend(ME, "unseal", 2)


def test_a_full_table_refuses_whoever_is_new() -> None:
    counters = LockedMemory(CELLS_NEEDED)
    limit = RateLimit(NARROW, Seconds(), counters)
    for uid in range(256):
        limit.spend(uid, "unseal", 1)
    with pytest.raises(CountersFull) as refused:  # and not that he asks too much: waiting would not help
        limit.spend(256, "unseal", 1)
    assert refused.value.evidence == {"operation": "unseal", "uid": 256}
    limit.spend(255, "unseal", 1)
    counters.close()


def test_an_operation_without_a_rate_is_never_allowed() -> None:
    with pytest.raises(RateExceeded):
        RateLimit({}, Seconds()).spend(ME, "ping", 1)


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
