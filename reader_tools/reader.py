# SPDX-License-Identifier: Apache-2.0
"""The readers of this desk under one roof: the virtual one, and those of PC/SC, chosen by name."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from applets.virtual.card import ATR
from reader_tools.errors import NoReader, ReaderError, ReaderUnknown
from reader_tools.pcsc.driver import PcscCard
from reader_tools.pcsc.readers import CardPresence, Reader
from reader_tools.pcsc.survey import survey
from reader_tools.virtual.driver import VirtualReaderCard
from reader_tools.virtual.slot import READER as VIRTUAL
from reader_tools.virtual.slot import Slot

ANY_PCSC = "pcsc"


class OpenCard(Protocol):
    """A card that is ours alone: cardservice.card_edge.dialogue.Card, with its answer to reset and its reader's name."""

    atr: bytes
    reader: str

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU, return the response APDU."""
        ...


def open_card(reader_name: str | None, data_dir: Path) -> AbstractContextManager[OpenCard]:
    """The card in a reader: the virtual one for ``None`` or "virtual", any PC/SC reader for "pcsc", else the one of that name.

    The card is taken when the ``with`` block begins; a PC/SC name is looked up now. Raises ReaderUnknown, NoReader, or what keeps us
    from the list of readers.
    """
    if reader_name is None or reader_name == VIRTUAL:
        return VirtualReaderCard(Slot.of(data_dir))
    return PcscCard(full_name(reader_name))


def full_name(wanted: str) -> str:
    """The PC/SC reader of this name or beginning of a name; of several, the only one with a card in it. Raises ReaderUnknown, NoReader."""
    readers = survey()
    if any(reader.name == wanted for reader in readers):
        return wanted
    if not readers:
        raise NoReader
    beginning = "" if wanted == ANY_PCSC else wanted.lower()
    matching = [reader for reader in readers if reader.name.lower().startswith(beginning)]
    with_card = [reader for reader in matching if reader.card is not CardPresence.EMPTY]
    if len(matching) > 1 and (len(with_card) == 1 or wanted == ANY_PCSC):
        matching = (with_card or matching)[:1]
    if len(matching) != 1:
        raise ReaderUnknown(reader=wanted, known=", ".join(reader.name for reader in readers))
    return matching[0].name


def all_readers(data_dir: Path) -> tuple[list[Reader], ReaderError | None]:
    """Every reader of this desk, the virtual one first, and what keeps us from those of PC/SC, if anything does."""
    inserted = Slot.of(data_dir).inserted
    atr = ATR[inserted.interface] if inserted else b""
    virtual = Reader(VIRTUAL, CardPresence.PRESENT if inserted else CardPresence.EMPTY, atr)
    try:
        return [virtual, *survey()], None
    except ReaderError as trouble:
        return [virtual], trouble
