# SPDX-License-Identifier: Apache-2.0
"""Key processes for tests: the real server in a thread, or the real program as a process."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cardservice.clock import monotonic
from hsm.limits.rate_limit import DEFAULT_RATES, Rate, RateLimit
from hsm.limits.safeguards import anomaly_counters_in, safeguards_in
from hsm.machine.state_folder import open_state_folder
from hsm.operations.key_operations import KeyOperations
from hsm.process.listening_socket import listening_at
from hsm.process.server import KeyServer
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class SetClock:
    """A clock that tests set."""

    time: datetime = NOW

    def __call__(self) -> datetime:
        return self.time


@dataclass
class Recorder:
    """Keeps what was recorded."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, told: str) -> None:
        self.lines.append(told)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A private folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="kh", dir="/tmp") as folder:
        yield Path(folder)


@contextmanager
def serving(
    bundle: KeyBundle,
    clock: SetClock,
    *,
    rates: Mapping[str, Rate] = DEFAULT_RATES,
    served_uid: int | None = None,
    other_uids: Sequence[int] = (),
    half_frame_seconds: float = 5.0,
    recorder: Callable[[str], None] | None = None,
    group: int | None = None,
    state: Path | None = None,
) -> Iterator[Path]:
    """The real server on a real socket, in a thread of this process."""
    with short_folder() as folder:
        path = folder / "s"
        remembered = open_state_folder(state or folder / "state")
        counters = anomaly_counters_in(remembered)
        safeguards = safeguards_in(
            remembered,
            counters,
            rates=RateLimit(rates, monotonic),
            records=bundle.records,
            clock=clock,
            record=recorder or Recorder(),
        )
        operations = KeyOperations(SoftwareStore(bundle, os.urandom), clock=clock, safeguards=safeguards)
        with listening_at(path, group=group) as listening:
            server = KeyServer(
                listening,
                operations,
                monotonic=monotonic,
                served_uids=[os.geteuid() if served_uid is None else served_uid, *other_uids],
                half_frame_seconds=half_frame_seconds,
            )
            thread = threading.Thread(target=server.serve)
            thread.start()
            try:
                yield path
            finally:
                server.stop()
                thread.join()
                counters.close()


def run_hsm(*arguments: str | Path, environment: str = "development") -> "subprocess.CompletedProcess[str]":
    """``python -m hsm`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hsm", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"KARTU_ENV": environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def hsm_process(
    folder: Path, *options: str, passphrase: Sequence[str] = (), keys: Sequence[str] = ()
) -> "Iterator[subprocess.Popen[str]]":
    """``python -m hsm`` serving ``folder/run/s``; its standard error goes to ``folder/log``."""
    source = ("--store", str(folder / "keys"), *(passphrase or ("--passphrase-file", str(folder / "pass"))))
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "hsm",
                *(keys or source),
                *("--socket", str(folder / "run" / "s"), *options),
            ],
            cwd=ROOT,
            env=os.environ | {"KARTU_ENV": "test"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            pass_fds=[int(word) for word in passphrase if word.isdecimal()],
        )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    """Process ids of the workers, oldest first."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    """There, and no zombie that waits to be buried."""
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait until it holds: generous, since machines differ, and no figure."""
    until = monotonic() + seconds
    while not holds():
        if monotonic() > until:
            return False
        time.sleep(0.01)
    return True
