# SPDX-License-Identifier: Apache-2.0
"""Whoever starts the key process again: by the command that docs/operations/kartu-hsm.service has, and after the pause that it names.

It kills nothing that an end left behind, though systemd would: so the harder case is tried. systemd itself is tried by ``tests.campaigns.systemd``.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cardservice.clock import monotonic
from hsm.keys.key_uri import KeyUri
from tests.hsm.running import ROOT, eventually, short_folder

UNIT = ROOT / "docs" / "operations" / "kartu-hsm.service"
START_SECONDS = 60.0  # generous: for a machine that does much else


@dataclass(frozen=True, slots=True)
class Unit:
    """What the unit file says of starts."""

    words: list[str]  # behind the program's name
    restart: str
    pause: float  # seconds

    @classmethod
    def read(cls) -> "Unit":
        """The file that operators are given."""
        named = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#")
        number, unit = named["RestartSec"].removesuffix("ms"), 0.001
        return cls(shlex.split(named["ExecStart"])[1:], named["Restart"], int(number) * unit)

    def command(self, uri: KeyUri, state: Path, socket: Path, workers: int) -> list[str]:
        """The same command here, with places, number of workers and this user's numbers of our own."""
        numbers = {"--workers": workers, "--serve-uid": os.geteuid(), "--serve-group": os.getegid()}
        ours = {"--keys": uri, "--state": state, "--socket": socket} | numbers
        words = [str(ours.get(before, word)) for before, word in zip(["", *self.words], self.words, strict=False)]
        return [sys.executable, *words]


@dataclass
class Restarted:
    """A key process that comes back; ``socket`` stays, its process does not."""

    folder: Path
    uri: KeyUri
    workers: int
    starts: list[float] = field(default_factory=list)  # when each answered
    process: "subprocess.Popen[bytes] | None" = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.folder / "run" / "s"

    @property
    def state(self) -> Path:
        """What it remembers."""
        return self.folder / "hsm" / "state"

    @property
    def log(self) -> Path:
        """Standard error of all of them, one after the other."""
        return self.folder / "log"

    def pids(self) -> list[int]:
        """The supervisor's process id, then those of its workers; none while nobody is there."""
        process = self.process
        if process is None or process.poll() is not None:
            return []
        try:
            told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        except OSError:
            return []
        return [process.pid, *map(int, told.split())]

    def keep_running(self) -> None:
        """Start it, and start it again whenever it ends, until told to stop."""
        unit = Unit.read()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KARTU_")}
        environment["KARTU_ENV"] = "test"
        with self.log.open("ab") as log:
            while not self._stopping.is_set():
                self.process = subprocess.Popen(
                    unit.command(self.uri, self.state, self.socket, self.workers),
                    cwd=ROOT,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
                assert self.process.stdout is not None
                with self.process.stdout as told:
                    if told.readline() == b"ready\n":
                        self.starts.append(monotonic())
                    self.process.wait()
                self._stopping.wait(unit.pause)

    def stop(self) -> None:
        """For good."""
        self._stopping.set()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self, pids: list[int]) -> None:
        """SIGKILL to these, the first of them first."""
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # it followed its supervisor
                continue


@contextmanager
def restarted(uri: KeyUri, workers: int = 2) -> Iterator[Restarted]:
    """A key process that answers, under somebody who starts it again."""
    with short_folder() as folder:
        (folder / "hsm").mkdir(mode=0o700)
        running = Restarted(folder, uri, workers)
        keeper = threading.Thread(target=running.keep_running)
        keeper.start()
        try:
            assert eventually(lambda: len(running.starts) == 1, START_SECONDS), running.log.read_text()[-400:]
            yield running
        finally:
            while keeper.is_alive():  # one may just have been started
                running.stop()
                keeper.join(0.2)
