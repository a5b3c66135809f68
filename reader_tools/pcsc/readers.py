# SPDX-License-Identifier: Apache-2.0
"""The readers that the PC/SC service knows, and what is in them (SCardGetStatusChange)."""

from dataclasses import dataclass
from enum import StrEnum

from reader_tools.pcsc.return_code import UNKNOWN_READER
from reader_tools.pcsc.scard import Context, check, establish

# Event states of SCardGetStatusChange (PC/SC part 5; pcsclite.h)
STATE_UNAWARE = 0x0000
STATE_CHANGED = 0x0002
STATE_UNAVAILABLE = 0x0008
STATE_EMPTY = 0x0010
STATE_PRESENT = 0x0020
STATE_EXCLUSIVE = 0x0080
STATE_INUSE = 0x0100
STATE_MUTE = 0x0200


class CardPresence(StrEnum):
    """What is in a reader."""

    EMPTY = "empty"
    PRESENT = "present"
    BUSY = "busy"  # present, and another program holds it
    MUTE = "mute"  # present, and it did not answer to reset
    UNAVAILABLE = "unavailable"  # the reader itself does not answer


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader: its name, what is in it, the card's answer to reset (empty without a card)."""

    name: str
    card: CardPresence
    atr: bytes = b""


def presence(state: int) -> CardPresence:
    """The event state of SCardGetStatusChange as one word."""
    if state & STATE_UNAVAILABLE:
        return CardPresence.UNAVAILABLE
    if state & STATE_MUTE:
        return CardPresence.MUTE
    if not state & STATE_PRESENT:
        return CardPresence.EMPTY
    return CardPresence.BUSY if state & STATE_EXCLUSIVE else CardPresence.PRESENT


def list_readers() -> list[Reader]:
    """All readers as they are now. Raises ReaderLibraryMissing, ReaderServiceDown, ReaderAccessDenied.

    A service that hangs makes this hang: ``survey`` asks from a process that can be killed.
    """
    context = establish()
    try:
        return readers_of(context)
    finally:
        context.release()


def readers_of(context: Context) -> list[Reader]:
    """All readers that one context knows."""
    names = context.readers()
    if not names:
        return []
    code, news = context.status_change(0, [(name, STATE_UNAWARE) for name in names])
    if code == UNKNOWN_READER:
        return []  # unplugged between the two questions
    check(code)
    return [Reader(name, presence(state), atr) for name, state, atr in news]
