# SPDX-License-Identifier: Apache-2.0
"""Cards that no card should be, at a real pcscd: never a success, and the station serves the next card."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.errors import KartuError
from reader_tools.errors import CardAnswerMalformed, CardError
from reader_tools.pcsc.driver import PcscCard
from reader_tools.pcsc.readers import CardPresence
from reader_tools.pcsc.survey import survey
from reader_tools.virtual.pcsc_slot import LOOK_SECONDS
from tests.private_pcscd import READERS, PrivatePcscd
from tests.reader_tools.conftest import Settled
from tests.reader_tools.raw_card import ATR, RawCard, Vanish

pytestmark = pytest.mark.needs("pcscd", "pyscard")
PATIENCE = 60.0  # seconds in which a silent card has not spoken before we give it up, on any machine
TRIES = 30  # of the next card, a tenth of a second apart: pcscd looks each 0.4 s
APDU_SECONDS = 2.5  # more than the second in which the worker finds out whether a silent card has left
SECTOR_HEALTH = 0x01
OK = bytes.fromhex("9000")


@dataclass
class Hostile:
    """One behaviour. ``given_up`` ends a silence, so that a test leaves no sleeping thread; ``slept`` says how silences ended."""

    answer: Callable[[bytes], bytes]
    atr: bytes | Callable[[], bytes] = ATR
    given_up: threading.Event = field(default_factory=threading.Event)
    slept: list[bool] = field(default_factory=list)

    def sleep(self, *_: bytes) -> bytes:
        self.slept.append(self.given_up.wait(PATIENCE))
        raise Vanish


def says(answer: bytes) -> Hostile:
    return Hostile(lambda _: answer)


def hangs() -> Hostile:
    hostile = says(OK)
    hostile.answer = hostile.sleep
    return hostile


def hangs_at_reset() -> Hostile:
    hostile = says(OK)
    hostile.atr = hostile.sleep
    return hostile


def ping_pong() -> Hostile:
    lengths = itertools.cycle([b"\x6c\x10", b"\x6c\x20"])
    return Hostile(lambda _: next(lengths))


def vanishes() -> Hostile:
    def answer(_command: bytes) -> bytes:
        raise Vanish

    return Hostile(answer)


def vanishes_at_the_second() -> Hostile:
    commands = itertools.count()

    def answer(_command: bytes) -> bytes:
        if next(commands):
            raise Vanish
        return OK

    return Hostile(answer)


def drips() -> Hostile:
    """Always in time, never at an end: 61xx each time, each a little late."""

    def answer(_command: bytes) -> bytes:
        time.sleep(0.05)
        return b"\x61\x01"

    return Hostile(answer)


HOSTILE: dict[str, Callable[[], Hostile]] = {
    "one byte": lambda: says(b"\x90"),
    "no byte": lambda: says(b""),
    "65,000 bytes": lambda: says(b"A" * 64_998 + OK),
    "300 bytes": lambda: says(b"A" * 298 + OK),
    "success and nothing": lambda: says(OK),
    "hangs": hangs,
    "hangs at reset": hangs_at_reset,
    "61xx for ever": lambda: says(b"\x61\x00"),
    "61xx for ever, with data": lambda: says(b"A" * 256 + b"\x61\x00"),
    "61xx, slowly": drips,
    "6Cxx for ever": lambda: says(b"\x6c\x00"),
    "6Cxx, never the same": ping_pong,
    "vanishes at once": vanishes,
    "vanishes at the second command": vanishes_at_the_second,
    "ATR of noise": lambda: Hostile(lambda _: OK, bytes.fromhex("DEADBEEF00FF")),
    "ATR of one byte": lambda: Hostile(lambda _: OK, b"\x3b"),
    "ATR of 200 bytes": lambda: Hostile(lambda _: OK, b"\x3b" * 200),
    "echoes": lambda: Hostile(lambda command: command),
    "TLV that lies": lambda: says(bytes.fromhex("6F84FFFFFFFF") + OK),
    "indefinite TLV": lambda: says(bytes.fromhex("6F80A580") + OK),
}


MALFORMED, TLV, ENDLESS, STATUS = (
    "card-answer-malformed",
    "card-tlv-malformed",
    "card-response-too-long",
    "card-status-word",
)
# What pcscd calls a card that it can't power up differs by how it fails; none of them is a card that was talked to.
NOT_POWERED = {"card-none", "card-mute", "card-unpowered", "card-unsupported", "card-timeout"}
EXPECTED: dict[str, set[str]] = {
    "one byte": {MALFORMED},
    "no byte": {MALFORMED, "card-removed", "card-timeout"},  # an empty frame: vpcd waits for more
    "65,000 bytes": {MALFORMED},
    "300 bytes": {MALFORMED},
    "success and nothing": {TLV},
    "hangs": {"card-timeout"},
    "hangs at reset": NOT_POWERED,
    "61xx for ever": {ENDLESS},
    "61xx for ever, with data": {ENDLESS},
    "61xx, slowly": {ENDLESS},
    "6Cxx for ever": {STATUS},
    "6Cxx, never the same": {STATUS},
    "vanishes at once": {"card-removed"},
    "vanishes at the second command": {"card-removed"},
    "ATR of noise": NOT_POWERED,
    "ATR of one byte": NOT_POWERED,
    "ATR of 200 bytes": NOT_POWERED,
    "echoes": {STATUS},
    "TLV that lies": {TLV},
    "indefinite TLV": {TLV},
}


def tap(reader: str) -> None:
    """What a desk does with any card: take it, ask it to prove presence. Returning would be a presence to be verified."""
    with PcscCard(reader, apdu_seconds=APDU_SECONDS) as card:
        presence = run(prove_presence(SECTOR_HEALTH, bytes(4), bytes(32)), card)
        pytest.fail(f"a hostile card was believed: {presence}")


def wait_until_seen(reader: str) -> None:
    """Until pcscd has noticed that something is in the slot, or refuses to call it a card."""
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if {row.name: row.card for row in survey()}[reader] is not CardPresence.EMPTY:
            return
        time.sleep(0.1)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_card_gets_a_typed_refusal_and_the_station_is_ready_again(
    name: str, pcscd: PrivatePcscd, settled: Settled
) -> None:
    hostile = HOSTILE[name]()
    with RawCard(pcscd.port, hostile.answer, atr=hostile.atr) as card:
        wait_until_seen(READERS[0])
        with pytest.raises(KartuError) as refused:
            tap(READERS[0])
        assert not hostile.slept  # who says nothing is given up, not waited for
        assert refused.value.code in EXPECTED[name], refused.value
        card.leave()
        hostile.given_up.set()
    assert_served(pcscd)
    settled(CardPresence.EMPTY)


def assert_served(pcscd: PrivatePcscd) -> None:
    """The next, good card is served. Nobody changes cards faster than pcscd looks (docs/decisions/0061)."""
    time.sleep(LOOK_SECONDS)
    refusals: list[str] = []
    with RawCard(pcscd.port, lambda _: OK):
        while len(refusals) < TRIES:
            try:
                with PcscCard(READERS[0]) as card:
                    assert card.transmit(bytes.fromhex("00A4040000")) == OK
                    return
            except CardError as refused:
                refusals.append(refused.code)
                time.sleep(0.1)
    pytest.fail(f"the station did not come back: {refusals}")


def test_control_without_the_check_of_lengths_a_long_answer_gets_through(
    pcscd: PrivatePcscd, settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the driver takes answers of any length. What was refused at the reader then reaches the dialogue."""
    monkeypatch.setattr("reader_tools.pcsc.driver.checked_response", lambda response: response)
    with RawCard(pcscd.port, lambda _: b"A" * 298 + OK):
        settled(CardPresence.PRESENT)
        with pytest.raises(KartuError) as refused:
            tap(READERS[0])
    assert not isinstance(refused.value, CardAnswerMalformed)
