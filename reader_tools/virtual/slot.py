# SPDX-License-Identifier: Apache-2.0
"""The state of the virtual reader: which image lies in its slot, and how the card is reached. One folder, one desk."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from applets.virtual.errors import ImageUnreadable
from applets.virtual.image import Image
from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear
from reader_tools.errors import NoCard, ReaderBusy, VirtualImageMissing, VirtualImageRefused, VirtualSlotOccupied

READER = "virtual"
FOLDER = "virtual-reader"


@dataclass(frozen=True, slots=True)
class Inserted:
    """The card in the slot."""

    image: Path
    interface: Interface


@dataclass(frozen=True, slots=True)
class Slot:
    """The virtual reader of one data folder. Files: ``slot.json`` (what is inserted), ``lock`` (held while a program uses the card)."""

    folder: Path

    @classmethod
    def of(cls, data_dir: Path) -> "Slot":
        """The virtual reader of a data folder."""
        return cls(data_dir / FOLDER)

    @property
    def inserted(self) -> Inserted | None:
        """What is in the slot, None if nothing is."""
        try:
            state = json.loads(self._state.read_bytes())
            return Inserted(Path(state["image"]), Interface(state["interface"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise VirtualImageRefused(image=self._state) from None

    def insert(self, image: Path, interface: Interface) -> Inserted:
        """Put the card of an image file into the slot. Raises VirtualSlotOccupied, VirtualImageMissing, VirtualImageRefused."""
        with self.held():
            present = self.inserted
            if present is not None:
                raise VirtualSlotOccupied(image=present.image)
            image = image.absolute()
            open_image(image)
            self._write(Inserted(image, interface))
        return Inserted(image, interface)

    def remove(self) -> Inserted:
        """Take the card out; its image stays where it is. Raises NoCard. A card in use loses its power, as a real one does.

        A state file in disorder is taken out too, and said so by VirtualImageRefused.
        """
        try:
            return self.card()
        finally:
            self._state.unlink(missing_ok=True)

    def card(self) -> Inserted:
        """The card in the slot. Raises NoCard."""
        present = self.inserted
        if present is None:
            raise NoCard(reader=READER)
        return present

    def arm(self, tear: Tear | None) -> Inserted:
        """Arm a tearing drill on the card in the slot, None disarms. Raises NoCard, VirtualImageMissing, VirtualImageRefused."""
        present = self.card()
        open_image(present.image).arm(tear)
        return present

    @contextmanager
    def held(self) -> Iterator[None]:
        """The slot for us alone. Raises ReaderBusy where another program, or another part of this one, uses it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ReaderBusy(reader=READER) from None
            yield
        finally:
            os.close(descriptor)

    @property
    def _state(self) -> Path:
        return self.folder / "slot.json"

    def _write(self, inserted: Inserted) -> None:
        aside = self._state.with_suffix(".new")
        aside.write_text(json.dumps({"image": str(inserted.image), "interface": inserted.interface.value}))
        aside.replace(self._state)


def open_image(path: Path) -> Image:
    """The card image at a path. Raises VirtualImageMissing, VirtualImageRefused."""
    if not path.is_file():
        raise VirtualImageMissing(image=path)
    try:
        return Image.open(path)
    except ImageUnreadable as unreadable:
        raise VirtualImageRefused(image=path, rule=unreadable.evidence.get("rule")) from None
