# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of our own for tests: a fresh cluster in a temporary folder, on a UNIX socket, stopped and removed at the end.

A room's conftest.py makes it a fixture of two lines around ``running_cluster()``. The server refuses to run as root, so as root it is
given to the user ``postgres`` that Debian's package makes.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from cardservice.records import schema

SERVER_USER = "postgres"
SETTINGS = (
    "listen_addresses=''",
    "fsync=off",  # the machine does not lose power within a test
    "max_connections=150",
    "timezone=Asia/Jakarta",  # not UTC on purpose: moments must come back right all the same
)


@dataclass(slots=True)
class Cluster:
    """A running server. Databases are copies of one that was migrated once."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://{SERVER_USER}@/{database}?host={self.folder}"

    def empty_database(self) -> str:
        """The address of a new database without tables."""
        return self._create("template0")

    def migrated_database(self) -> str:
        """The address of a new database with our tables."""
        return self._create("kartu_template")

    def _create(self, template: str) -> str:
        name = f"kartu_{next(self.numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self.url(name)


@contextmanager
def running_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Start a server; stop it and remove its folder afterwards. A ``durable`` one waits for the disk at each commit, for figures."""
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"))
    folder = Path(tempfile.mkdtemp(prefix="kartu-pg-"))
    user = SERVER_USER if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user, user)
    settings = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories={folder}"))
    if durable:
        settings += " -c fsync=on"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), "-D", str(folder / "data"), *arguments],
            check=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )

    try:
        run("initdb", "--no-sync", "--auth=trust", f"--username={SERVER_USER}", "--encoding=UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "start", "--wait", "--silent", "-l", str(folder / "log"), "-o", settings)
        try:
            cluster = Cluster(folder)
            with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
                connection.execute("CREATE DATABASE kartu_template TEMPLATE template0")
            schema.upgrade(cluster.url("kartu_template"))
            yield cluster
        finally:
            run("pg_ctl", "stop", "--wait", "--silent", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
