# SPDX-License-Identifier: Apache-2.0
"""The card in the virtual reader, in this process. Fails as a PC/SC reader fails: busy, no card, removed are the same errors."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn, ImageUnreadable
from cardservice.clock import monotonic
from cardservice.errors import KartuError
from reader_tools.errors import CardRemoved, CardTimeout, VirtualImageRefused
from reader_tools.pcsc.driver import DIALOGUE_SECONDS
from reader_tools.short_apdu import checked_command, checked_response
from reader_tools.virtual.slot import READER, Inserted, Slot, open_image


class VirtualReaderCard:
    """The inserted card, ours alone while the ``with`` block lasts. Implements cardservice.card_edge.dialogue.Card.

    After any error the connection is over: each further ``transmit`` raises the same error. ``delay`` (seconds) is how the card
    slows down who guesses its keys.
    """

    def __init__(
        self,
        slot: Slot,
        *,
        dialogue_seconds: float = DIALOGUE_SECONDS,
        delay: Callable[[float], None] = time.sleep,
    ) -> None:
        self.reader = READER
        self.atr = b""
        self._slot = slot
        self._dialogue_seconds = dialogue_seconds
        self._delay = delay
        self._deadline = 0.0
        self._held = ExitStack()
        self._inserted: Inserted | None = None
        self._card: VirtualCard | None = None
        self._failure: KartuError | None = None

    def __enter__(self) -> Self:
        """Take the card and power it up. Raises ReaderBusy, NoCard, VirtualImageMissing, VirtualImageRefused."""
        self._deadline = monotonic() + self._dialogue_seconds
        self._held.enter_context(self._slot.held())
        try:
            self._inserted = self._slot.card()
            image = open_image(self._inserted.image)
            self._card = VirtualCard(image, interface=self._inserted.interface, delay=self._delay)
            self.atr = self._card.atr
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Power the card down and let the slot go."""
        if self._card is not None:
            self._card.power_off()
        self._held.close()

    def transmit(self, command: bytes) -> bytes:
        """Send one short command APDU, return the response APDU. Raises a ReaderError or a CardError."""
        if self._failure is not None:
            raise self._failure
        checked_command(command)
        try:
            return checked_response(self._answer(command))
        except KartuError as failure:
            self._failure = failure
            raise

    def _answer(self, command: bytes) -> bytes:
        if monotonic() > self._deadline:
            raise CardTimeout(reader=READER, limit=self._dialogue_seconds, of="dialogue")
        if self._card is None or self._slot.inserted != self._inserted:
            raise CardRemoved(reader=READER)
        try:
            return self._card.transmit(command)
        except CardTorn:
            raise CardRemoved(reader=READER) from None
        except ImageUnreadable as unreadable:
            raise VirtualImageRefused(image=self._card.image.path, rule=unreadable.evidence.get("rule")) from None
