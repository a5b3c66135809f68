# SPDX-License-Identifier: Apache-2.0
"""A pcscd of our own with virtual slots (vpcd), beside the machine's own and never met by it.

It runs in a mount namespace, where /run/pcscd is a folder of ours; clients find it by PCSCLITE_CSOCK_NAME, from any process. Needs root.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from cardservice.clock import monotonic
from reader_tools.errors import VirtualPcscFailed

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
START_SECONDS = 15.0
_NAMESPACE = """
set -e
mount -t tmpfs tmpfs /run
mkdir /run/pcscd
mount --bind "$1" /run/pcscd
exec setpriv --pdeathsig KILL pcscd --foreground --config "$2"
"""


def missing() -> str | None:
    """Why it can't run on this machine, None if it can."""
    if os.geteuid() != 0:
        return "root"
    absent = [program for program in ("pcscd", "unshare", "setpriv", "mount") if shutil.which(program) is None]
    return absent[0] if absent else (None if DRIVER.exists() else "vsmartcard-vpcd")


class PrivatePcscd:
    """One private pcscd. While it runs, this process and what it starts are its clients.

    Its folder is a short one of its own: a UNIX socket's path has 107 bytes at most.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._before = os.environ.get("PCSCLITE_CSOCK_NAME")

    def __enter__(self) -> Self:
        """Start, and wait until it takes clients and cards. Raises VirtualPcscFailed."""
        run, config = self.folder / "run", self.folder / "conf"
        for each in (run, config):
            each.mkdir(parents=True)
        (config / "vpcd").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{self.port:X}\nLIBPATH {DRIVER}\nCHANNELID 0x{self.port:X}\n'
        )
        self._process = subprocess.Popen(  # noqa: S603 - fixed words and our own folders
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", _NAMESPACE, "sh", str(run), str(config)],  # noqa: S607 - found on the path, as missing() saw
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        comm, end = run / "pcscd.comm", monotonic() + START_SECONDS
        while not (comm.exists() and _listening(self.port)):
            if self._process.poll() is not None or monotonic() > end:
                raise VirtualPcscFailed(port=self.port)
            time.sleep(0.05)
        os.environ["PCSCLITE_CSOCK_NAME"] = str(comm)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and be a client of the machine's own again."""
        if self._before is None:
            os.environ.pop("PCSCLITE_CSOCK_NAME", None)
        else:
            os.environ["PCSCLITE_CSOCK_NAME"] = self._before
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_port() -> int:
    # vpcd serves two slots, at a port and the one after it.
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def _listening(port: int) -> bool:
    # Read from the kernel's table: a connection would be taken for a card.
    wanted = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    lines += Path("/proc/net/tcp6").read_text(encoding="ascii").splitlines()[1:]
    return any(fields[1].endswith(wanted) and fields[3] == "0A" for fields in (line.split() for line in lines))
