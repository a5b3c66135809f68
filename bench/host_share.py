# SPDX-License-Identifier: Apache-2.0
"""The host's share of one personalization, in CPU of this thread: generator steps with keys and certificates, and the driver; never the card."""

from dataclasses import dataclass
from statistics import median
from time import thread_time_ns
from typing import Any

from bench.issuer import Issuer, blank_card
from cardservice.card_edge.dialogue import Card, Dialogue, perform, run
from cardservice.card_edge.dialogues.prove_presence import prove_presence

RUNS = 40
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class HostShare:
    """Median milliseconds: ``dialogue`` is what the generator does, certify and the keys included, ``driver`` what carries it to the card."""

    dialogue: float
    driver: float


@dataclass(slots=True)
class TimedCard:
    """A card whose own CPU is set apart: ``spent`` nanoseconds."""

    card: Card
    spent: int = 0

    def transmit(self, command: bytes) -> bytes:
        """One exchange, timed."""
        began = thread_time_ns()
        try:
            return self.card.transmit(command)
        finally:
            self.spent += thread_time_ns() - began


def personalization_cpu(issuer: Issuer, runs: int = RUNS) -> HostShare:
    """One blank card after another, each a new one."""
    taken = [_one(issuer.dialogue(), blank_card()) for _ in range(WARM_UP + runs)][WARM_UP:]
    return HostShare(median(share.dialogue for share in taken), median(share.driver for share in taken))


def tap_cpu(card: Card, sector: int, runs: int = 200) -> float:
    """Median milliseconds of host CPU to relay one tap; verifying it is the verification bench's business."""
    taken = []
    for _ in range(runs):
        timed = TimedCard(card)
        began = thread_time_ns()
        run(prove_presence(sector, bytes(4), bytes(32)), timed)
        taken.append((thread_time_ns() - began - timed.spent) / 1e6)
    return median(taken)


def _one(dialogue: Dialogue[Any], card: Card) -> HostShare:
    timed = TimedCard(card)
    began = thread_time_ns()
    script = next(dialogue)
    thinking, driving = thread_time_ns() - began, 0
    while True:
        began = thread_time_ns()
        responses = perform(script, timed)
        driving += thread_time_ns() - began
        began = thread_time_ns()
        try:
            script = dialogue.send(responses)
        except StopIteration:
            thinking += thread_time_ns() - began
            return HostShare(thinking / 1e6, (driving - timed.spent) / 1e6)
        thinking += thread_time_ns() - began
