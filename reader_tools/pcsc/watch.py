# SPDX-License-Identifier: Apache-2.0
"""What happens at the readers, as it happens: our own loop on SCardGetStatusChange, which outlives restarts of the service.

pyscard's CardMonitor loops without back-off, or ends without a word, when the service stops.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from reader_tools.errors import ReaderServiceDown
from reader_tools.pcsc.readers import STATE_CHANGED, STATE_UNAWARE, CardPresence, Reader, readers_of
from reader_tools.pcsc.return_code import SUCCESS, TIMEOUT, UNKNOWN_READER, error_for
from reader_tools.pcsc.scard import PNP_NOTIFICATION, Context, establish

WAIT_SECONDS = 1.0  # a reader that comes between list and wait is seen no later than this
BACK_OFF_FIRST = 0.25
BACK_OFF_MOST = 4.0


class Happening(StrEnum):
    """What happened."""

    SERVICE_UP = "service-up"
    SERVICE_DOWN = "service-down"
    READER_CAME = "reader-came"
    READER_WENT = "reader-went"
    CARD = "card"  # what is in the reader changed


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``reader`` as it is from now on, None where the service itself came or went."""

    happening: Happening
    reader: Reader | None = None


def watch(
    *, stopped: Callable[[], bool] = lambda: False, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Event]:
    """Events until ``stopped`` says so (asked at least once a second). Raises ReaderLibraryMissing, ReaderAccessDenied.

    The first events tell the present state. A service that stops is waited for, ever more patiently.
    """
    up: bool | None = None
    pause = BACK_OFF_FIRST
    while not stopped():
        try:
            context = establish()
        except ReaderServiceDown:
            if up is not False:
                up = False
                yield Event(Happening.SERVICE_DOWN)
            sleep(pause)
            pause = min(2 * pause, BACK_OFF_MOST)
            continue
        up, pause = True, BACK_OFF_FIRST
        yield Event(Happening.SERVICE_UP)
        try:
            yield from _watch_context(context, stopped)
        except ReaderServiceDown:
            up = False
            yield Event(Happening.SERVICE_DOWN)
        finally:
            context.release()


def _watch_context(context: Context, stopped: Callable[[], bool]) -> Iterator[Event]:
    known: dict[str, Reader] = {}
    while not stopped():
        present = {reader.name: reader for reader in readers_of(context)}
        yield from changes(known, present)
        known = present
        _wait(context, list(present))


def changes(before: dict[str, Reader], now: dict[str, Reader]) -> Iterator[Event]:
    """The events that lead from one state of the readers to the next."""
    for name, reader in before.items():
        if name not in now:
            yield Event(Happening.READER_WENT, Reader(reader.name, CardPresence.UNAVAILABLE))
    for name, reader in now.items():
        if name not in before:
            yield Event(Happening.READER_CAME, reader)
        elif reader != before[name]:
            yield Event(Happening.CARD, reader)


def _wait(context: Context, names: list[str]) -> None:
    """Return as soon as anything changes, or after WAIT_SECONDS."""
    code, news = context.status_change(0, [(name, STATE_UNAWARE) for name in names]) if names else (SUCCESS, [])
    if code == SUCCESS:
        states = [(name, state & ~STATE_CHANGED) for name, state, _ in news]
        code, _ = context.status_change(WAIT_SECONDS, [*states, (PNP_NOTIFICATION, STATE_UNAWARE)])
    if code not in {SUCCESS, TIMEOUT, UNKNOWN_READER}:
        raise error_for(code)
