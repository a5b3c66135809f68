# SPDX-License-Identifier: Apache-2.0
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from hsm.errors import AnomalyRefused, CountersFull
from hsm.in_process import NoncesInMemory, RevokedInMemory
from hsm.limits.anomaly_limit import CELLS_NEEDED, FACTOR, FLOORS, HOLD, AnomalyLimit
from hsm.limits.grants import GrantDesk
from hsm.limits.officers import Officers
from hsm.limits.rate_limit import Rate, RateLimit
from hsm.limits.safeguards import Safeguards, anomaly_counters_in
from hsm.machine.locked_memory import LockedMemory
from hsm.operations.key_operations import KeyOperations
from hsm.stores.software_store import SoftwareStore
from hsm.wire.protocol import OPERATIONS
from hsm.wire.requests import Ping
from tests.hsm.documents import NOW
from tests.hsm.running import SetClock

FLOOR = {"unseal": 100, "seal": 100}
ME, OTHER = 1000, 1001


def weeks(clock: SetClock, limit: AnomalyLimit, peaks: list[int]) -> None:
    """One busy hour a day; the clock stands a day after the last."""
    for peak in peaks:
        if peak:
            limit.spend(ME, "unseal", peak)
        clock.time += timedelta(days=1)


def room(limit: AnomalyLimit) -> int:
    """How many more this hour holds, found by asking."""
    opened = 0
    try:
        while True:
            limit.spend(ME, "unseal", 1)
            opened += 1
    except AnomalyRefused:
        return opened


def test_without_a_past_the_floor_is_the_limit() -> None:
    limit = AnomalyLimit(SetClock(), floors=FLOOR)
    assert room(limit) == 100


def test_four_times_the_second_busiest_peak_of_a_week() -> None:
    clock = SetClock()
    limit = AnomalyLimit(clock, floors={"unseal": 500, "seal": 1})
    weeks(clock, limit, [100, 200, 150, 0, 0, 190, 450])
    assert room(limit) == FACTOR * 200


def test_one_odd_day_does_not_raise_the_limit_and_two_do() -> None:
    clock = SetClock()
    limit = AnomalyLimit(clock, floors=FLOOR)
    weeks(clock, limit, [20, 20, 20, 20, 20, 20, 100])
    assert room(limit) == 100
    clock.time += timedelta(days=1)
    assert room(limit) == FACTOR * 100


def test_what_is_older_than_a_week_is_forgotten() -> None:
    clock = SetClock()
    limit = AnomalyLimit(clock, floors=FLOOR)
    weeks(clock, limit, [100, 100])
    clock.time += timedelta(days=5, hours=2)
    assert room(limit) == 100


def test_a_trip_lasts_an_hour_and_is_told_once_with_the_sum(caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock()
    limit = AnomalyLimit(clock, floors=FLOOR)
    limit.spend(ME, "unseal", 100)
    with pytest.raises(AnomalyRefused) as caught:
        limit.spend(ME, "unseal", 1)
    for _ in range(3):
        with pytest.raises(AnomalyRefused):
            limit.spend(ME, "unseal", 1)
    assert caught.value.evidence == {"operation": "unseal", "uid": ME, "found": 101, "allowed": 100, "seconds": HOLD}
    assert caplog.text.count("anomaly operation=unseal uid=1000 in this hour=101 allowed=100: 4 times") == 1
    clock.time = NOW + timedelta(seconds=HOLD - 1)
    with pytest.raises(AnomalyRefused):
        limit.spend(ME, "unseal", 1)
    clock.time = NOW + timedelta(seconds=HOLD)
    limit.spend(ME, "unseal", 1)


def test_callers_and_operations_are_judged_apart() -> None:
    limit = AnomalyLimit(SetClock(), floors=FLOOR)
    assert room(limit) == 100
    limit.spend(OTHER, "unseal", 100)
    limit.spend(ME, "seal", 100)


def test_an_operation_without_a_floor_is_never_allowed() -> None:
    with pytest.raises(AnomalyRefused):
        AnomalyLimit(SetClock(), floors=FLOOR).spend(ME, "export", 1)


def test_every_operation_has_a_floor() -> None:
    assert set(FLOORS) == set(OPERATIONS)


def test_a_clock_put_back_gives_no_new_hour() -> None:
    clock = SetClock()
    limit = AnomalyLimit(clock, floors=FLOOR)
    limit.spend(ME, "unseal", 100)
    clock.time -= timedelta(hours=5)
    with pytest.raises(AnomalyRefused):
        limit.spend(ME, "unseal", 1)


def test_lifting_gives_an_empty_hour() -> None:
    limit = AnomalyLimit(SetClock(), floors=FLOOR)
    assert room(limit) == 100
    limit.lift(ME, "unseal")
    assert room(limit) == 100


def test_counters_in_a_file_outlive_the_process(tmp_path: Path) -> None:
    clock = SetClock()
    first = anomaly_counters_in(tmp_path)
    AnomalyLimit(clock, first, FLOOR).spend(ME, "unseal", 99)
    first.close()
    assert (tmp_path / "anomaly-counters").stat().st_mode & 0o777 == 0o600
    second = anomaly_counters_in(tmp_path)
    assert room(AnomalyLimit(clock, second, FLOOR)) == 1
    second.close()


def test_a_full_table_refuses_whoever_is_new() -> None:
    counters = LockedMemory(CELLS_NEEDED)
    limit = AnomalyLimit(SetClock(), counters, FLOOR)
    for uid in range(256):
        limit.spend(uid, "unseal", 1)
    with pytest.raises(CountersFull):  # and not that he asks more than usual: no officer could lift that
        limit.spend(256, "unseal", 1)
    limit.spend(255, "unseal", 1)
    counters.close()


def narrow(store: SoftwareStore) -> KeyOperations:
    """Ten pings for each caller, five of them in an hour, and none ever come back."""
    limits = RateLimit({"ping": Rate(0, 10)}, lambda: 0.0), AnomalyLimit(SetClock(), floors={"ping": 5})
    grants = GrantDesk(Officers({}), NoncesInMemory(), lambda: 0.0)
    safeguards = Safeguards(*limits, RevokedInMemory(), grants, lambda _: None)
    return KeyOperations(store, clock=SetClock(), safeguards=safeguards)


def admitted(operations: KeyOperations, uid: int, times: int) -> int:
    return [operations.admit([Ping()], uid) for _ in range(times)].count([None])


def test_a_caller_past_its_limit_takes_nothing_from_the_others(store: SoftwareStore) -> None:
    operations = narrow(store)
    assert admitted(operations, OTHER, 50) == 5
    assert admitted(operations, ME, 5) == 5


def refused_then_lifted(operations: KeyOperations) -> int:
    """How many of five a caller gets whom an officer let ask again after many refusals."""
    admitted(operations, ME, 50)
    operations._safeguards.anomaly_limit.lift(ME, "ping")
    return admitted(operations, ME, 5)


def test_what_was_refused_is_not_spent(store: SoftwareStore) -> None:
    assert refused_then_lifted(narrow(store)) == 5


def test_sabotage_what_is_refused_and_counted_all_the_same_leaves_nothing_to_ask_with(
    store: SoftwareStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RateLimit, "give_back", lambda *_: None)
    assert refused_then_lifted(narrow(store)) == 0


def test_sabotage_without_a_memory_a_thief_takes_everything(caplog: pytest.LogCaptureFixture) -> None:
    """A limit that begins anew with each process lets a patient caller through, one restart at a time."""
    caplog.set_level(logging.CRITICAL)
    assert sum(room(AnomalyLimit(SetClock(), floors=FLOOR)) for _ in range(10)) == 1000
