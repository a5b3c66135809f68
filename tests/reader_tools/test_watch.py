# SPDX-License-Identifier: Apache-2.0
"""Watching the readers: cards that come and go, and a service that stops and starts meanwhile."""

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from reader_tools.errors import ReaderServiceDown
from reader_tools.pcsc.readers import CardPresence, Reader
from reader_tools.pcsc.watch import BACK_OFF_MOST, Event, Happening, changes, watch
from tests.private_pcscd import READERS, PrivatePcscd, require
from tests.reader_tools.raw_card import ATR, RawCard

EMPTY = Reader("A", CardPresence.EMPTY)
PRESENT = Reader("A", CardPresence.PRESENT, ATR)
OTHER = Reader("B", CardPresence.EMPTY)


@pytest.mark.parametrize(
    ("before", "now", "events"),
    [
        ([], [EMPTY], [Event(Happening.READER_CAME, EMPTY)]),
        ([EMPTY], [EMPTY], []),
        ([EMPTY], [PRESENT], [Event(Happening.CARD, PRESENT)]),
        ([PRESENT], [EMPTY, OTHER], [Event(Happening.CARD, EMPTY), Event(Happening.READER_CAME, OTHER)]),
        ([PRESENT], [], [Event(Happening.READER_WENT, Reader("A", CardPresence.UNAVAILABLE))]),
    ],
)
def test_changes(before: list[Reader], now: list[Reader], events: list[Event]) -> None:
    assert list(changes({row.name: row for row in before}, {row.name: row for row in now})) == events


def test_a_service_that_is_down_is_said_once_and_asked_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise ReaderServiceDown

    monkeypatch.setattr("reader_tools.pcsc.watch.establish", down)
    pauses: list[float] = []
    turns = itertools.count()
    events = list(watch(stopped=lambda: next(turns) == 10, sleep=pauses.append))
    assert events == [Event(Happening.SERVICE_DOWN)]
    assert pauses[:4] == [0.25, 0.5, 1.0, 2.0]
    assert set(pauses[4:]) == {BACK_OFF_MOST}


@pytest.fixture
def watched() -> Iterator[tuple[PrivatePcscd, Callable[[Event], None]]]:
    """A private pcscd under watch, and the wait for one event (others may come before it)."""
    require()
    with PrivatePcscd() as service, service.joined():
        seen: queue.Queue[Event] = queue.Queue()
        stop = threading.Event()

        def run() -> None:
            for event in watch(stopped=stop.is_set):
                seen.put(event)

        thread = threading.Thread(target=run)
        thread.start()

        def wait(wanted: Event) -> None:
            deadline = time.monotonic() + 10
            while seen.get(timeout=max(0.1, deadline - time.monotonic())) != wanted:
                pass

        yield service, wait
        stop.set()
        thread.join(10)


@pytest.mark.needs("pcscd", "pyscard")
def test_cards_and_a_restart_of_the_service_are_seen(
    watched: tuple[PrivatePcscd, Callable[[Event], None]],
) -> None:
    service, wait = watched
    empty = Reader(READERS[0], CardPresence.EMPTY)
    present = Reader(READERS[0], CardPresence.PRESENT, ATR)
    wait(Event(Happening.SERVICE_UP))
    wait(Event(Happening.READER_CAME, empty))
    with RawCard(service.port, lambda _: b"\x90\x00"):
        wait(Event(Happening.CARD, present))
    wait(Event(Happening.CARD, empty))
    service.kill()
    wait(Event(Happening.SERVICE_DOWN))
    service.start()
    wait(Event(Happening.SERVICE_UP))
    with RawCard(service.port, lambda _: b"\x90\x00"):
        wait(Event(Happening.CARD, present))
