# SPDX-License-Identifier: Apache-2.0
"""The stage of the walk: a folder of its own, the key process and the service as processes of their own."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from cardservice import clock
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.issuance.bureau import Bureau
from cardservice.records.database import Database, open_database
from cardservice.records.schema import upgrade
from hsm.client.key_process import KeyProcess
from reader_tools.walk.errors import ProcessEnded
from reader_tools.walk.port import ANY_FREE, LOOPBACK, claimed, taken

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
KEPT_WALKS = 3
FOREIGN_SETTINGS = "KARTU_"
SOCKET_PATH_MAX = 107  # unix(7): sun_path has 108 bytes, the last one is NUL


class Stage:
    """Everything the walk leaves behind lies in ``folder``; leaving the stage ends the processes that were started here, and only those.

    The service listens on ``port`` of the loopback address, or on any free one where that is somebody else's; ``url`` tells once it serves.
    """

    def __init__(self, folder: Path, *, port: int, packs: PacksInForce) -> None:
        self.folder = folder
        self.packs = packs
        self.url = ""
        self._port = port
        self._claim: socket.socket | None = None
        self.socket = folder / "hsm" / "keys.sock"
        self._short: Path | None = None
        self.published = folder / "published"
        self.database_url = f"sqlite:///{folder / 'kartu.db'}"
        self.key_process: subprocess.Popen[str] | None = None
        self.service: subprocess.Popen[str] | None = None
        self._database: Database | None = None
        self._keys: KeyProcess | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, mode=0o700)
        self._claim = claimed(self._port)
        if self._claim is None:
            self._port = ANY_FREE
        (self.folder / "hsm").mkdir(mode=0o700)
        (self.folder / "log").mkdir()
        if len(os.fsencode(self.socket.absolute())) > SOCKET_PATH_MAX:
            # A checkout may lie deep. The folder of the walk keeps a link, which leads somewhere as long as the walk serves.
            self._short = Path(tempfile.mkdtemp(prefix="kartu-"))
            self.socket.symlink_to(self._short / "keys.sock")
            self.socket = self._short / "keys.sock"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keys is not None:
            self._keys.close()
        if self._database is not None:
            self._database.close()
        self.stop_service()
        _stop(self.key_process)
        if self._short is not None:
            shutil.rmtree(self._short)
        if self._claim is not None:
            self._claim.close()

    def start_keys(self) -> None:
        """Make fresh development keys, publish what verifiers fetch, and start the key process over them."""
        store, passphrase = self.folder / "hsm" / "keys.sealed", self.folder / "hsm" / "passphrase"
        asked = ["--store", str(store), "--passphrase-file", str(passphrase)]
        with self._log("hsm") as log:
            for program in (
                ["hsm", "--init", *asked],
                ["hsm.custody", "publish", *asked, "--folder", str(self.published)],
            ):
                done = subprocess.run(  # noqa: S603 - our own program
                    [sys.executable, "-m", *program], stdout=log, stderr=log, check=False
                )
                if done.returncode:
                    raise self._gone("hsm")
            self.key_process = _start("hsm", [*asked, "--socket", str(self.socket)], log, _environment())
        self._await_line("hsm", self.key_process, "ready")

    def start_service(self) -> None:
        """Start the service; returns when it takes requests."""
        try:
            self._serve_at(self._port)
        except ProcessEnded:
            self.stop_service()
            if not taken(self._port):
                raise
            self._serve_at(ANY_FREE)

    def stop_service(self) -> None:
        """The line goes down."""
        _stop(self.service)
        self.service = None

    def wait(self) -> None:
        """As long as the service serves. Raises ProcessEnded when it ends by itself: nobody asked it to."""
        if self.service is not None:
            self.service.wait()
        raise self._gone("api")

    def open_books(self) -> None:
        """Make the database."""
        upgrade(self.database_url)
        self._database = open_database(self.database_url)
        self._keys = KeyProcess(self.socket)

    @property
    def keys(self) -> KeyProcess:
        """The key process."""
        if self._keys is None:
            raise ProcessEnded(process="hsm", log=str(self.folder / "log" / "hsm.log"))
        return self._keys

    @property
    def bureau(self) -> Bureau:
        """Where cards are made."""
        if self._database is None:
            raise ProcessEnded(process="database", log=self.database_url)
        return Bureau(self._database, self.keys, clock.now, secrets.token_bytes, self.packs)

    def _serve_at(self, port: int) -> None:
        own = {
            "KARTU_DATABASE_URL": self.database_url,
            "KARTU_HSM_SOCKET": str(self.socket),
            "KARTU_LISTEN": f"{LOOPBACK}:{port}",
        }
        if self.published.is_dir():
            own["KARTU_PUBLISHED"] = str(self.published)
        with self._log("api") as log:
            self.service = _start("api", [], log, {**_environment(), **own})
        self.url = self._await_line("api", self.service, "listening").split()[1]
        self._port = urlsplit(self.url).port or port

    def _log(self, process: str) -> IO[str]:
        return (self.folder / "log" / f"{process}.log").open("a")

    def _await_line(self, name: str, process: subprocess.Popen[str], word: str) -> str:
        # The process says on standard output when it is ready; that it ended is seen as the end of its output.
        if process.stdout is None:
            raise self._gone(name)
        for line in process.stdout:
            if line.startswith(word):
                return line
        raise self._gone(name)

    def _gone(self, name: str) -> ProcessEnded:
        return ProcessEnded(process=name, log=str(self.folder / "log" / f"{name}.log"))


def new_folder(data_dir: Path) -> Path:
    """A folder for one walk; of earlier ones the last few stay, to be looked at."""
    walks = data_dir / "walks"
    walks.mkdir(parents=True, exist_ok=True)
    earlier = sorted(entry for entry in walks.iterdir() if entry.is_dir() and not entry.is_symlink())
    for old in earlier[: -KEPT_WALKS + 1]:
        if not (old / "hsm" / "keys.sock").exists():  # a walk that still serves keeps its folder
            shutil.rmtree(old)
    return walks / f"{clock.now():%Y%m%d-%H%M%S-%f}"


HANDED_ON = {"KARTU_ENV", "KARTU_RULE_PACKS", "KARTU_RULE_PACK_KEY"}


def _environment() -> dict[str, str]:
    """Settings of another desk or service are not for this one: of ours the rules are handed on, and KARTU_ENV, for production refuses development keys."""
    return {
        name: value for name, value in os.environ.items() if name in HANDED_ON or not name.startswith(FOREIGN_SETTINGS)
    }


def _start(module: str, arguments: list[str], log: IO[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [*_ending_with_us(), sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=environment,
    )


def _ending_with_us() -> list[str]:
    """What has the kernel tell a process that the walk has gone, however it went: kill -9 lets nobody tidy up (prctl(2), PR_SET_PDEATHSIG).

    setpriv becomes the program that it starts. It is in Debian's util-linux; where it is not, only a walk that may end itself ends its processes.
    """
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", "TERM", "--"]


def _stop(process: subprocess.Popen[str] | None) -> None:
    if process is None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
