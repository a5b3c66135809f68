# SPDX-License-Identifier: Apache-2.0
"""``kartu member import`` killed with SIGKILL, twice, and beside itself: every row once; and no NIK in anything that was left behind."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cardservice.records import member_lists, member_months, members
from cardservice.records.database import Database, open_database
from tests.enrolment.importing import people
from tests.reader_tools.cli.desk import KeyDesk, own_environment
from tests.reader_tools.command_line import ROOT

ROWS = 3_600
BAD = (5, 1_999, 3_500)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(people(ROWS, bad=BAD))
    return path


@pytest.fixture
def books(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def start(listed: Path, url: str, key_desk: KeyDesk, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "reader_tools", "member", "import", str(listed), "--json", *more],
        cwd=ROOT,
        env=own_environment(listed.parent, KARTU_DATABASE_URL=url, KARTU_HSM_SOCKET=str(key_desk.socket)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rows_done(books: Database) -> int:
    with books.read() as connection:
        return sum(row.rows_done for row in connection.execute(member_lists.member_lists.select()))


def kill_after(process: "subprocess.Popen[str]", books: Database, rows: int) -> None:
    until = time.monotonic() + 60
    while rows_done(books) < rows and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def ended(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 1, out
    document: dict[str, Any] = json.loads(out)
    return document


def test_killed_twice_and_resumed_by_two_at_once_every_row_is_there_once(
    listed: Path, database_url: str, books: Database, key_desk: KeyDesk
) -> None:
    kill_after(start(listed, database_url, key_desk), books, 1_000)
    first = rows_done(books)
    kill_after(start(listed, database_url, key_desk, "--resume"), books, 2_000)
    assert 1_000 <= first <= rows_done(books) < ROWS
    reports = [ended(process) for process in [start(listed, database_url, key_desk, "--resume") for _ in range(2)]]
    for report in reports:
        assert (report["rows"], report["new"], report["refused"]) == (ROWS, ROWS - len(BAD), len(BAD))
        assert [row["line"] for row in report["problems"]] == [number + 1 for number in BAD]
    with books.read() as connection:
        assert len(connection.execute(members.members.select()).all()) == ROWS - len(BAD)
        months = connection.execute(member_months.member_months.select()).all()
    assert len(months) == (ROWS - len(BAD)) * 4


def test_no_planted_nik_or_name_is_in_files_or_output(tmp_path: Path, migrated: Path, key_desk: KeyDesk) -> None:
    """SQLite's file and its WAL as a kill leaves them, logs, and what the command and the key process said."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "kartu.db"
    path.write_bytes(migrated.read_bytes())
    url = f"sqlite:///{path}"
    listed = tmp_path / "list.csv"
    planted = people(1_500, bad=[3, 7]).replace(b"Siti Rahayu", b"Rahasia Sekali")
    listed.write_bytes(planted + planted.splitlines()[1] + b"\n")
    books = open_database(url)
    process = start(listed, url, key_desk)
    kill_after(process, books, 1_000)
    done = start(listed, url, key_desk, "--resume", "--report", str(folder / "report.csv"))
    out, _ = done.communicate(timeout=120)
    # Before the last connection closes and the WAL goes into the file.
    left = {each.name: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    left["the command's output"] = out.encode()
    left["the key process's log"] = (key_desk.folder / "log").read_bytes()
    books.close()
    assert {"kartu.db", "kartu.db-wal", "report.csv"} <= set(left)
    niks = {line.split(b",")[1] for line in planted.splitlines()[1:]}
    assert b"P-0001" in left["kartu.db"] + left["kartu.db-wal"]  # what is not secret would be found
    assert [name for name, octets in left.items() if b"Rahasia" in octets or any(nik in octets for nik in niks)] == []


def test_sabotage_a_database_that_keeps_a_nik_in_clear_is_seen(tmp_path: Path, migrated: Path) -> None:
    """Sabotage: write one."""
    path = tmp_path / "kartu.db"
    path.write_bytes(migrated.read_bytes())
    books = open_database(f"sqlite:///{path}")
    with books.begin() as connection:
        connection.exec_driver_sql("UPDATE intermediaries SET name = '3171014510900001'")
    assert any(b"3171014510900001" in each.read_bytes() for each in tmp_path.glob("kartu.db*"))
    books.close()
