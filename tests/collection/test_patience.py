# SPDX-License-Identifier: Apache-2.0
"""A bank's patience is one: whatever is waited for - a connection, a thread, another request's name, the member - is taken from the same seconds."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from api.partner_routes import partner_threads
from cardservice.collection import patience
from cardservice.collection.in_thread import NoThreadFree
from cardservice.collection.patience import Patience
from cardservice.collection.ppob import desk as ppob_desk
from cardservice.collection.snap import desk as snap_desk
from cardservice.collection.snap.answers import Answer
from cardservice.collection.snap.cases import Service
from cardservice.records import members
from tests.collection.test_ppob import Switch, rc
from tests.collection.test_short_way import go_the_long_way
from tests.collection.till import ONE_MONTH, Till, give_number, to_thread
from tests.records import rows
from tests.verification.world import World

MANY = 40  # more than there are threads


@dataclass
class Seconds:
    """A clock that rises when it is told to."""

    now: float = 100.0
    told_ms: list[int] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def after_seven(self, work: Callable[[], Any], within: float) -> Any:
        """A thread that comes free after seven seconds."""
        if within < 7:
            self.now += within
            raise NoThreadFree
        self.now += 7
        return await to_thread(work, within)


@contextmanager
def told_patience(seconds: Seconds, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for desk in (snap_desk, ppob_desk):
        monkeypatch.setattr(desk, "wait_at_most", lambda _, milliseconds: seconds.told_ms.append(milliseconds))
    yield


def answered(till: Till, seconds: Seconds, patience_s: float, monkeypatch: pytest.MonkeyPatch) -> Answer:
    number = give_number(till.world.database, 1)
    till.bank.get_token()
    asked = till.asked(number, ONE_MONTH, "7")
    served = till.desk(patience_s, seconds.after_seven, seconds)
    monkeypatch.setattr(snap_desk, "answer_shortly", go_the_long_way)
    with told_patience(seconds, monkeypatch):
        return till.world.run(served.answer(Service.PAYMENT, asked, till.world.clock()))


def test_what_was_waited_for_a_thread_is_not_waited_for_the_member(
    quick_till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = Seconds()
    assert answered(quick_till, seconds, 10, monkeypatch).code == "2002500"
    assert set(seconds.told_ms) == {3_000}


def test_without_a_thread_in_time_nothing_was_begun(quick_till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = Seconds()
    told = answered(quick_till, seconds, 5, monkeypatch)
    assert (told.status, told.code) == (202, "2022500")
    assert '"paymentFlagStatus":"02"' in told.rest
    assert seconds.now == 105
    assert seconds.told_ms == []
    assert (quick_till.rows()["payments"], quick_till.rows()["snap_requests"]) == (0, 0)


def test_sabotage_a_patience_that_begins_anew_in_the_thread_is_ten_more_seconds(
    quick_till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: what was waited before is not counted."""
    seconds = Seconds()
    monkeypatch.setattr(patience.Patience, "left", lambda _: 10.0)
    answered(quick_till, seconds, 10, monkeypatch)
    assert set(seconds.told_ms) == {10_000}


def test_no_patience_left_is_never_told_as_no_limit() -> None:
    seconds = Seconds()
    spent = Patience.of(1, seconds)
    seconds.now += 5
    assert (spent.left(), spent.left_ms()) == (0.0, 1)


@pytest.mark.needs("postgresql")
def test_forty_payments_on_a_locked_member_are_answered_while_it_is_locked_and_one_pays(till: Till) -> None:
    """On PostgreSQL, over the service's own threads; SQLite has one writer. Nothing is taken twice, nothing lost."""
    if not till.world.url.startswith("postgresql"):
        return
    number = give_number(till.world.database, 1)
    till.bank.get_token()
    names = [str(each) for each in range(MANY)]
    requests = [till.asked(number, ONE_MONTH, each, paymentRequestId=f"pay-{each}") for each in names]

    async def send(patience_s: float) -> list[Answer]:
        served, now = till.desk(patience_s, partner_threads()), till.world.clock()
        return await asyncio.gather(*(served.answer(Service.PAYMENT, asked, now) for asked in requests))

    before = till.rows()
    with till.world.database.begin() as connection:
        members.lock(connection, rows.identifier("member", 1))
        told = till.world.run(send(0.5))
    assert {(each.code, '"paymentFlagStatus":"02"' in each.rest) for each in told} == {("2022500", True)}
    assert till.rows() == before
    assert till.status(number, "pay-1").code == "4042601"
    again = [each.code for each in till.world.run(send(30))]
    assert sorted(again) == ["2002500"] + ["4042514"] * (MANY - 1)
    assert till.rows()["payments"] == 1
    assert till.status(number, f"pay-{names[again.index('2002500')]}").code == "2002600"


@pytest.mark.needs("postgresql")
def test_an_aggregator_is_told_that_the_outcome_is_not_known_when_its_patience_ends(
    either_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not either_world.url.startswith("postgresql"):
        return
    switch = Switch(either_world)
    number = give_number(either_world.database, 1)
    switch.inquire(number)
    monkeypatch.setattr(ppob_desk.PpobDesk, "patience", lambda desk: Patience.of(0.05, desk.monotonic))
    with either_world.database.begin() as connection:
        members.lock(connection, rows.identifier("member", 1))
        assert rc(switch.pay(number)) == (504, "68")
    assert rc(switch.advise()) == (404, "25")
    monkeypatch.undo()
    assert rc(switch.pay(number)) == (200, "00")
