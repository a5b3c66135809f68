# SPDX-License-Identifier: Apache-2.0
"""``kartu member import``: good rows in, bad rows told, twice the same, and nothing of anybody's NIK on the screen."""

import csv
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cardservice.records import members
from tests.enrolment.workbooks import workbook
from tests.reader_tools.cli.desk import MEMBERS, Desk, KeyDesk, own_environment
from tests.reader_tools.command_line import ROOT

HEAD = "ref,nik,name,birth_date,work_sector,income_band,programmes,months,paid_on\n"
GOOD = MEMBERS.read_text().splitlines()[1:4]


def test_good_rows_go_in_and_bad_rows_are_told(empty_desk: Desk) -> None:
    report = empty_desk.json("member", "import", MEMBERS, code=1)
    assert (report["rows"], report["new"], report["changed"], report["unchanged"]) == (207, 200, 0, 0)
    assert report["refused"] == len({row["line"] for row in report["problems"]}) == 7
    for row in report["problems"]:
        assert row["line"] > 1
        assert row["cause"]
        assert row["remedy"]
        assert "?" not in row["cause"] + row["remedy"]  # evidence that is missing shows as a question mark
    with empty_desk.database().read() as connection:
        assert members.find_by_ref(connection, "P-0001") is not None


def test_twice_changes_nothing(desk: Desk) -> None:
    report = desk.json("member", "import", MEMBERS, code=1)
    assert (report["new"], report["changed"], report["unchanged"], report["refused"]) == (0, 0, 200, 7)


def test_a_person_reads_line_field_reason_and_remedy(desk: Desk) -> None:
    ended = desk("member", "import", MEMBERS)
    assert ended.code == 1
    assert "Line 32, nik: The NIK does not have 16 digits." in ended.out
    assert "\n   -> " in ended.out
    assert ended.out.endswith("207 rows: 0 new, 0 changed, 200 unchanged, 7 refused\n")
    desk.set("KARTU_LANGUAGE", "id")
    assert "Baris 32, nik: " in desk("member", "import", MEMBERS).out


def test_a_good_list_ends_with_0(empty_desk: Desk) -> None:
    listed = empty_desk.folder / "good.csv"
    listed.write_text(HEAD + "\n".join(GOOD))
    assert empty_desk.json("member", "import", listed)["new"] == 3
    listed.write_text(HEAD + "\n".join([GOOD[0].replace("Asep Setiawan", "Asep Setyawan"), *GOOD[1:]]))
    report = empty_desk.json("member", "import", listed)
    assert (report["changed"], report["unchanged"]) == (1, 2)


def personal(printed: str) -> list[str]:
    """Long numbers, and names of the list, in what was printed."""
    rows = [line.split(",") for line in MEMBERS.read_text().splitlines()[1:]]
    names = {row[2] for row in rows if len(row) > 3 and row[2].strip()}
    return [*re.findall(r"[0-9]{13,}", printed), *(name for name in names if name in printed)]


def test_no_nik_or_name_is_printed(empty_desk: Desk) -> None:
    ended = empty_desk("member", "import", MEMBERS, "--json")
    assert personal(ended.out + ended.err) == []


def test_a_row_that_is_quoted_would_be_seen(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage control: a report that quotes the row."""
    rows = MEMBERS.read_text().splitlines()
    monkeypatch.setattr("reader_tools.cli.member._problem", lambda problem, _: {"row": rows[problem.line - 1]})
    ended = empty_desk("member", "import", MEMBERS, "--json")
    assert personal(ended.out)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe", "member-list-not-utf8"),
        (b"", "member-list-head-malformed"),
        (b"ref;nik;name\n", "member-list-head-malformed"),
        (b"x" * (64 * 1024 * 1024 + 1), "member-list-too-large"),
    ],
    ids=["not UTF-8", "empty", "semicolons", "too large"],
)
def test_a_file_that_is_no_member_list_is_5(empty_desk: Desk, content: bytes, code: str) -> None:
    listed = empty_desk.folder / "list.csv"
    listed.write_bytes(content)
    assert empty_desk.refused("member", "import", listed, code=5) == code


def test_a_file_that_is_not_there_is_5(empty_desk: Desk) -> None:
    assert empty_desk.refused("member", "import", empty_desk.folder / "none.csv", code=5) == "file-unreadable"
    assert empty_desk.refused("member", "import", empty_desk.folder, code=5) == "file-unreadable"


def test_without_a_database_nothing_is_made(bare_desk: Desk) -> None:
    assert bare_desk.refused("member", "import", MEMBERS, code=4) == "schema-behind"
    assert not (bare_desk.folder / "kartu.db").exists()


def test_without_keys_nothing_goes_in(empty_desk: Desk) -> None:
    empty_desk.set("KARTU_HSM_SOCKET", empty_desk.folder / "nobody")
    assert empty_desk.refused("member", "import", MEMBERS, code=4) == "hsm-down"
    with empty_desk.database().read() as connection:
        assert members.find_by_ref(connection, "P-0001") is None


def read_or_end(terminal: int) -> bytes:
    """What a terminal shows next, in pieces that may end in the middle of a letter; nothing once nobody writes to it (EIO on Linux)."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_a_person_who_waits_sees_progress(empty_desk: Desk, key_desk: KeyDesk) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "reader_tools", "member", "import", str(MEMBERS)],
        cwd=ROOT,
        env=own_environment(empty_desk.folder, KARTU_HSM_SOCKET=str(key_desk.socket), TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    seen = b"".join(iter(lambda: read_or_end(ours), b"")).decode()
    os.close(ours)
    assert done.returncode == 1
    assert "Importing" in seen
    assert b"Importing" not in done.stdout


def test_where_nobody_looks_there_is_no_bar(desk: Desk, tmp_path: Path) -> None:
    listed = tmp_path / "good.csv"
    listed.write_text(HEAD + "\n".join(GOOD))
    assert desk("member", "import", listed).err == ""


def test_a_dry_run_changes_nothing_and_says_so(empty_desk: Desk) -> None:
    report = empty_desk.json("member", "import", MEMBERS, "--dry-run", code=1)
    assert (report["dry_run"], report["new"], report["refused"]) == (True, 200, 7)
    with empty_desk.database().read() as connection:
        assert members.find_by_ref(connection, "P-0001") is None
    assert "A dry run, nothing was changed:" in empty_desk("member", "import", MEMBERS, "--dry-run").out


def test_the_report_file_has_every_fault_for_a_spreadsheet(empty_desk: Desk) -> None:
    path = empty_desk.folder / "report.csv"
    shown = empty_desk.json("member", "import", MEMBERS, "--report", path, code=1)["problems"]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{**row, "line": int(row["line"])} for row in rows] == shown
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert empty_desk.refused("member", "import", MEMBERS, "--report", empty_desk.folder, code=5) == "file-unwritable"


def test_a_list_of_an_intermediary_is_held_against_its_scope(empty_desk: Desk) -> None:
    add = ("--name", "Koperasi", "--kind", "cooperative", "--region", "3273", "--by", "ani")
    empty_desk.json("intermediary", "add", "KOP-A", *add)
    report = empty_desk.json("member", "import", MEMBERS, "--intermediary", "KOP-A", code=1)
    assert (report["new"], report["refused"]) == (0, 207)
    assert {row["rule"] for row in report["problems"]} >= {"region-not-told"}
    empty_desk.json("intermediary", "suspend", "KOP-A", "--by", "ani", "--reason", "x")
    assert (
        empty_desk.refused("member", "import", MEMBERS, "--intermediary", "KOP-A", code=1) == "intermediary-suspended"
    )
    assert empty_desk.refused("member", "import", MEMBERS, "--intermediary", "NOBODY", code=1) == "record-not-found"


def test_a_workbook_is_a_list_too(empty_desk: Desk) -> None:
    rows = [line.split(",") for line in MEMBERS.read_text().splitlines()[:4]]
    path = empty_desk.folder / "list.xlsx"
    path.write_bytes(workbook(rows))
    assert empty_desk.json("member", "import", path)["new"] == 3


def test_many_faults_are_shown_in_part_and_counted(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reader_tools.cli.member.MOST_SHOWN", 5)
    monkeypatch.setattr("reader_tools.cli.member.MOST_READ", 2)
    report = empty_desk.json("member", "import", MEMBERS, code=1)
    assert (len(report["problems"]), report["problems_left_out"]) == (5, 2)
    assert "and 5 more: --report FILE.csv" in empty_desk("member", "import", MEMBERS).out
