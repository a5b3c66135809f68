# SPDX-License-Identifier: Apache-2.0
"""The virtual card in the machine's own PC/SC service: a background process that keeps it in a vpcd slot, and its record."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear
from applets.virtual.vpcd import FIRST_SLOT
from cardservice.clock import monotonic
from reader_tools.errors import NoCard, ReaderError, VirtualPcscFailed, VirtualSlotOccupied
from reader_tools.pcsc.driver import PROJECT
from reader_tools.pcsc.readers import CardPresence
from reader_tools.pcsc.survey import survey
from reader_tools.virtual.slot import FOLDER, Inserted, open_image

READER = "Virtual PCD"
RECORD = "pcsc.json"
UP_SECONDS = 10.0
DOWN_SECONDS = 3.0
LOOK_SECONDS = 0.6  # pcscd looks every 400 ms


@dataclass(frozen=True, slots=True)
class Process:
    """The background process: its number is reused by the system one day, so its start time (clock ticks since boot) names it too."""

    pid: int
    started: int
    image: str
    interface: str
    port: int

    @property
    def alive(self) -> bool:
        """Whether that very process runs."""
        return _start_time(self.pid) == self.started


@dataclass(frozen=True, slots=True)
class PcscSlot:
    """The PC/SC slot of one data folder. ``port`` is where its vpcd listens."""

    folder: Path
    port: int = FIRST_SLOT

    @classmethod
    def of(cls, data_dir: Path, port: int = FIRST_SLOT) -> Self:
        """The PC/SC slot of a data folder."""
        return cls(data_dir / FOLDER, port)

    @property
    def process(self) -> Process | None:
        """The process that holds a card in the slot, None if there is none, or no more."""
        try:
            process = Process(**json.loads(self._record.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return process if process.alive else None

    def insert(self, image: Path, interface: Interface) -> Process:
        """Put a card into the slot and wait until pcscd sees it. Raises VirtualSlotOccupied, VirtualPcscFailed, VirtualImageMissing."""
        present = self.process
        if present is not None:
            raise VirtualSlotOccupied(image=present.image)
        image = image.absolute()
        open_image(image)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        module = "reader_tools.virtual.vpcd_process"
        running = subprocess.Popen(  # noqa: S603 - our own module, and arguments that are no commands
            [sys.executable, "-m", module, str(image), interface.value, str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": PROJECT},
            start_new_session=True,
        )
        process = Process(running.pid, _start_time(running.pid) or 0, str(image), interface.value, self.port)
        self._record.write_text(json.dumps(asdict(process)))
        if not self._seen(CardPresence.PRESENT, UP_SECONDS):
            running.kill()
            running.wait()
            self._record.unlink(missing_ok=True)
            raise VirtualPcscFailed(port=self.port)
        running.returncode = 0  # it goes on without us: no warning that we leave it
        return process

    def remove(self) -> Inserted:
        """Take the card out: its process ends, its image stays. Raises NoCard."""
        process = self._card()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        end = monotonic() + DOWN_SECONDS
        while process.alive and monotonic() < end:
            time.sleep(0.05)
        if process.alive:
            os.kill(process.pid, signal.SIGKILL)
        self._record.unlink(missing_ok=True)
        self._seen(CardPresence.EMPTY, DOWN_SECONDS)
        # A card that goes in before pcscd has looked at the empty slot is never seen (docs/decisions/0061).
        time.sleep(LOOK_SECONDS)
        return Inserted(Path(process.image), Interface(process.interface))

    def arm(self, tear: Tear | None) -> Inserted:
        """Arm a tearing drill on the card in the slot, None disarms. Raises NoCard."""
        process = self._card()
        open_image(Path(process.image)).arm(tear)
        return Inserted(Path(process.image), Interface(process.interface))

    def _card(self) -> Process:
        process = self.process
        if process is None:
            raise NoCard(reader=READER)
        return process

    @staticmethod
    def _seen(wanted: CardPresence, seconds: float) -> bool:
        """Whether pcscd comes to see the slot so."""
        end = monotonic() + seconds
        while monotonic() < end:
            with contextlib.suppress(ReaderError):
                states = [reader.card for reader in survey() if reader.name.startswith(READER)]
                if wanted in states:
                    return True
            time.sleep(0.2)
        return False

    @property
    def _record(self) -> Path:
        return self.folder / RECORD


def _start_time(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)), None without such a process or for one that only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])
