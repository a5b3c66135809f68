# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a machine with a real key process, and on it one desk per test, whose commands are the program's own ``run``."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cardservice.records.schema import upgrade
from hsm.client.key_process import KeyProcess
from reader_tools.__main__ import run
from tests.databases import database_url, migrated_sqlite, postgresql_cluster, postgresql_url, sqlite_url
from tests.hsm.running import short_folder
from tests.reader_tools.cli.desk import MEMBERS, Desk, KeyDesk, own_environment
from tests.reader_tools.command_line import ROOT

__all__ = ["database_url", "migrated_sqlite", "postgresql_cluster", "postgresql_url", "sqlite_url"]


@pytest.fixture(scope="session")
def key_desk() -> Iterator[KeyDesk]:
    """``kartu hsm init`` and ``kartu hsm start``, as a person would."""
    with short_folder() as folder:
        environment = own_environment(folder)
        kartu = [sys.executable, "-m", "reader_tools", "hsm"]
        subprocess.run([*kartu, "init"], cwd=ROOT, env=environment, check=True, capture_output=True)
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [*kartu, "start"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield KeyDesk(folder, folder / "hsm" / "keys.sock", process.pid)
        finally:
            process.terminate()
            assert process.wait(10) == 0
            process.stdout.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("desk") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def enrolled(migrated: Path, key_desk: KeyDesk) -> Path:
    """A database with the members of the example list."""
    path = migrated.with_name("enrolled.db")
    shutil.copy(migrated, path)
    done = subprocess.run(
        [sys.executable, "-m", "reader_tools", "member", "import", str(MEMBERS)],
        cwd=ROOT,
        env=own_environment(path.parent, KARTU_DATABASE_URL=f"sqlite:///{path}", KARTU_HSM_SOCKET=str(key_desk.socket)),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1  # the example has bad rows
    return path


@pytest.fixture
def bare_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A desk with nothing but a data folder."""
    desk = Desk(tmp_path, run, monkeypatch, capsys)
    desk.set("KARTU_DATA_DIR", tmp_path)
    desk.set("KARTU_LANGUAGE", "en")
    return desk


@pytest.fixture
def open_desk(bare_desk: Desk, key_desk: KeyDesk) -> Callable[[Path], Desk]:
    """A desk with the keys, and a copy of a database."""

    def make(database: Path) -> Desk:
        shutil.copy(database, bare_desk.folder / "kartu.db")
        bare_desk.set("KARTU_HSM_SOCKET", key_desk.socket)
        return bare_desk

    return make


@pytest.fixture
def empty_desk(open_desk: Callable[[Path], Desk], migrated: Path) -> Desk:
    """With keys and an empty database."""
    return open_desk(migrated)


@pytest.fixture
def desk(open_desk: Callable[[Path], Desk], enrolled: Path) -> Desk:
    """With keys and the example's members."""
    return open_desk(enrolled)


@pytest.fixture
def keys(key_desk: KeyDesk) -> Iterator[KeyProcess]:
    with KeyProcess(key_desk.socket) as process:
        yield process
