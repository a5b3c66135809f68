# SPDX-License-Identifier: Apache-2.0
"""Probe of the card in one reader: none, mute, busy, or it answers one harmless question."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from cardservice.errors import KartuError
from reader_tools.errors import NoCard
from reader_tools.probes.finding import Finding, Level, Part, trouble
from reader_tools.reader import OpenCard

GET_CPLC = bytes.fromhex(
    "80CA9F7F00"
)  # GET DATA, card production life cycle (GP H.6): free to ask, any status word is an answer


def probe_card(bad: Level, opened: Callable[[], AbstractContextManager[OpenCard]]) -> Finding:
    """Ask the card that ``opened`` takes. An empty reader is no fault of the machine: WARN at most."""
    try:
        with opened() as card:
            card.transmit(GET_CPLC)
            return Finding(Part.CARD, Level.OK, "card-ok", {"reader": card.reader, "atr": card.atr.hex().upper()})
    except NoCard as empty:
        return trouble(Part.CARD, empty, Level.WARN)
    except KartuError as error:
        return trouble(Part.CARD, error, bad)
