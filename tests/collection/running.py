# SPDX-License-Identifier: Apache-2.0
"""Real processes: PostgreSQL, the key process and ``python -m api``, each of which can be killed with -9 and started again."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx

from cardservice.clock import monotonic, now
from cardservice.collection.bank_register import BankSettings
from cardservice.collection.bill_type import BillType
from cardservice.records.database import Database, open_database
from cardservice.records.schema import upgrade
from hsm.client.key_process import KeyProcess
from reader_tools.mockbank.bank_client import BankClient, BankIdentity
from tests.collection.till import settle
from tests.hsm.running import ROOT, hsm_process, run_hsm, short_folder
from tests.postgresql import SERVER_USER, Cluster

START_S = 60.0


@dataclass
class Machine:
    """One service on one database, with a bank registered. ``api`` is the process that runs now."""

    folder: Path
    url: str
    port: int
    cluster: Cluster | None
    bank: BankIdentity = field(init=False)
    api: "subprocess.Popen[bytes] | None" = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def database(self) -> Database:
        return open_database(self.url)

    def start_api(self) -> None:
        known = {name: value for name, value in os.environ.items() if not name.startswith("KARTU_")}
        mine = {
            "KARTU_ENV": "test",
            "KARTU_DATABASE_URL": self.url,
            "KARTU_KEYS_SOCKET": str(self.folder / "run" / "s"),
            "KARTU_LISTEN": f"127.0.0.1:{self.port}",
            "KARTU_ISSUER": "https://kartu.example",
        }
        with (self.folder / "api.log").open("ab") as log:
            self.api = subprocess.Popen(
                [sys.executable, "-m", "api"], cwd=ROOT, env=known | mine, stdout=subprocess.PIPE, stderr=log
            )
        assert self.api.stdout is not None
        line = self.api.stdout.readline()
        assert line.startswith(b"listening "), (self.folder / "api.log").read_text()

    def kill_api(self) -> None:
        assert self.api is not None
        self.api.kill()
        self.end_api()

    def end_api(self) -> None:
        if self.api is not None:
            self.api.wait(20)
            assert self.api.stdout is not None
            self.api.stdout.close()
            self.api = None

    def kill_postgresql(self) -> None:
        """kill -9 of the server and all that belongs to it; it recovers from its log when it starts again."""
        assert self.cluster is not None
        pid = int((self.cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for each in (pid, *children):
            os.kill(each, signal.SIGKILL)
        until = monotonic() + START_S
        while any(Path(f"/proc/{each}").exists() and not _zombie(each) for each in (pid, *children)):
            assert monotonic() < until
        # Where nobody reaps the dead, the server's number seems to be in use, and its lock files to be good.
        for lock in (self.cluster.folder / "data" / "postmaster.pid", *self.cluster.folder.glob(".s.PGSQL.*.lock")):
            lock.unlink(missing_ok=True)

    def start_postgresql(self) -> None:
        assert self.cluster is not None
        data = self.cluster.folder / "data"
        binary, *options = shlex.split((data / "postmaster.opts").read_text())
        user = SERVER_USER if os.geteuid() == 0 else None
        options = [option for option in options if option not in {"-D", str(data)}]
        log = str(self.cluster.folder / "log")
        pg_ctl = [str(Path(binary).with_name("pg_ctl")), "start", "--wait", "--silent"]
        subprocess.run(
            [*pg_ctl, "-D", str(data), "-l", log, "-o", shlex.join(options)],
            check=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=self.cluster.folder,
        )

    @contextmanager
    def client(self) -> Iterator[BankClient]:
        """The bank, over a connection of its own."""
        with httpx.Client(base_url=self.address, timeout=60, trust_env=False) as http:

            def send(path: str, headers: object, body: bytes) -> tuple[int, bytes]:
                answer = http.post(path, headers=headers, content=body)  # type: ignore[arg-type] # a mapping of strings
                return answer.status_code, answer.content

            yield BankClient(self.bank, send, now, lambda: str(next(self.numbers)))


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@contextmanager
def running_machine(url: str, cluster: Cluster | None = None, kind: BillType = BillType.CLOSED) -> Iterator[Machine]:
    """Everything up; everything down afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        made = run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass")
        assert made.returncode == 0, made.stderr
        stack.enter_context(hsm_process(folder))
        upgrade(url)
        machine = Machine(folder, url, port, cluster)
        database = machine.database()
        with KeyProcess(folder / "run" / "s") as keys:
            machine.bank = settle(database, keys.sealer, BankSettings("88899", bill_type=kind), "MOCK")
        database.close()
        machine.start_api()
        try:
            yield machine
        finally:
            if machine.api is not None:
                machine.api.terminate()
                machine.end_api()
