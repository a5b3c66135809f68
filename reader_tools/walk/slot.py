# SPDX-License-Identifier: Apache-2.0
"""The reader of the walk: the virtual one in this process, or a slot of pcscd. The walk does not know which."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear
from cardservice import clock
from reader_tools.errors import CardRemoved, NoCard
from reader_tools.reader import OpenCard, open_card
from reader_tools.virtual.card_stock import new_blank_card, new_clone
from reader_tools.virtual.pcsc_slot import READER as PCSC_READER
from reader_tools.virtual.pcsc_slot import PcscSlot
from reader_tools.virtual.slot import READER, Slot

BACK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class WalkSlot:
    """Cards go in and out; images lie in the folder. ``port`` is vpcd's where the slot is pcscd's, else None."""

    folder: Path
    port: int | None = None

    @property
    def name(self) -> str:
        """The reader's name."""
        # vpcd has two slots; by its whole name the first is found with and without a card in it.
        return READER if self.port is None else f"{PCSC_READER} 00 00"

    def blank(self) -> Path:
        """A new blank card, not inserted."""
        return new_blank_card(Slot.of(self.folder))

    def clone(self, original: Path) -> Path:
        """A thief's copy of a card, not inserted."""
        return new_clone(Slot.of(self.folder), original)

    def insert(self, image: Path) -> None:
        """Put a card in; the one before is taken out."""
        self.remove()
        self._slot().insert(image, Interface.CONTACT)

    def remove(self) -> None:
        """Take the card out."""
        if self._occupied():
            self._slot().remove()

    def arm(self, tear: Tear) -> None:
        """The card in the slot will be torn."""
        self._slot().arm(tear)

    def await_card(self) -> None:
        """A card that was torn out is put back: wait until the reader sees it. Raises NoCard after some seconds."""
        end = clock.monotonic() + BACK_SECONDS
        while True:
            try:
                with self.open():
                    return
            except (NoCard, CardRemoved):
                if clock.monotonic() > end:
                    raise
                time.sleep(0.1)

    def open(self) -> AbstractContextManager[OpenCard]:
        """The card in the slot, for us alone."""
        return open_card(self.name, self.folder)

    def _slot(self) -> Slot | PcscSlot:
        return Slot.of(self.folder) if self.port is None else PcscSlot.of(self.folder, self.port)

    def _occupied(self) -> bool:
        if self.port is None:
            return Slot.of(self.folder).inserted is not None
        return PcscSlot.of(self.folder, self.port).process is not None
