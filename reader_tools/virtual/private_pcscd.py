# SPDX-License-Identifier: Apache-2.0
"""A pcscd of our own with two virtual slots (vpcd), beside the machine's own and never met by it. Needs root.

It lives in a mount namespace of its own, where /run/pcscd is a folder of ours; so clients find it by PCSCLITE_CSOCK_NAME, from any
process. Its vpcd slots listen at ``port`` and ``port + 1`` instead of 35963 and 35964, so that several can run at once.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from cardservice.clock import monotonic
from reader_tools.errors import VirtualPcscFailed

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READERS = ("Virtual PCD 00 00", "Virtual PCD 00 01")
START_SECONDS = 15.0
CLIENTS_LOOK_HERE = "PCSCLITE_CSOCK_NAME"
_NAMESPACE = """
set -e
mount -t tmpfs tmpfs /run
mkdir /run/pcscd
mount --bind "$1" /run/pcscd
exec setpriv --pdeathsig KILL pcscd --foreground --config "$2"
"""


def missing() -> str | None:
    """Why a private pcscd can't run on this machine, None if it can."""
    if os.geteuid() != 0:
        return "a private pcscd needs root (mount namespace)"
    for program in ("pcscd", "unshare", "setpriv"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None if DRIVER.exists() else "vsmartcard-vpcd is not installed"


class PrivatePcscd:
    """One private pcscd. ``environment`` makes a process its client; a card connects to ``port`` (first slot) or ``port + 1``.

    Its folder is a short one of its own: a UNIX socket's path has 107 bytes at most.
    """

    def __init__(self, *, readers: bool = True) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
        self.run = self.folder / "run"
        self.config = self.folder / "conf"
        self.port = 0
        self._readers = readers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where clients connect."""
        return self.run / "pcscd.comm"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to be a client of this pcscd."""
        return {CLIENTS_LOOK_HERE: str(self.socket)}

    @property
    def pid(self) -> int:
        """The process, for those who stop or freeze it. Raises VirtualPcscFailed where there is none."""
        if self._process is None:
            raise VirtualPcscFailed(port=self.port)
        return self._process.pid

    def __enter__(self) -> Self:
        self.run.mkdir()
        self.config.mkdir()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it takes clients and cards. Raises VirtualPcscFailed."""
        self.port = self.port or _free_port_pair()
        if self._readers:
            (self.config / "vpcd").write_text(
                f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{self.port:X}\n'
                f"LIBPATH {DRIVER}\nCHANNELID 0x{self.port:X}\n"
            )
        for left in self.run.iterdir():
            left.unlink()
        words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _NAMESPACE, "sh"]
        self._process = subprocess.Popen(  # noqa: S603 - fixed words and folders of our own
            [*words, str(self.run), str(self.config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = monotonic() + START_SECONDS
        while not (self.socket.exists() and (not self._readers or _listening(self.port + 1))):
            if self._process.poll() is not None or monotonic() > end:
                self.kill()
                raise VirtualPcscFailed(port=self.port)
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Make this very process, and what it starts, a client of this pcscd. libpcsclite reads the name once: prefer a process of its own."""
        before = os.environ.get(CLIENTS_LOOK_HERE)
        os.environ.update(self.environment)
        try:
            yield
        finally:
            if before is None:
                del os.environ[CLIENTS_LOOK_HERE]
            else:
                os.environ[CLIENTS_LOOK_HERE] = before


def _free_port_pair() -> int:
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def _listening(port: int) -> bool:
    # Read from the kernel's table: a connection would be taken for a card.
    wanted = f":{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return any(row[1].endswith(wanted) and row[3] == "0A" for row in rows)
