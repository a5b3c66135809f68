# SPDX-License-Identifier: Apache-2.0
"""``kartu report``: each report over the example's members, printed, as JSON and as CSV; no name, NIK or reference in it."""

import csv

import pytest

from tests.reader_tools.cli.desk import MEMBERS, Desk

NAMES = ("persistence", "lapses", "claim-inputs", "first-claim", "arrears")


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_printed_and_written(desk: Desk, name: str) -> None:
    path = desk.folder / "report.csv"
    asked = ("report", name, "--from", "2026-01", "--to", "2026-12")
    told = desk.json(*asked, "--csv", path)
    assert (told["report"], told["from"], told["to"], told["least"]) == (name, "2026-01", "2026-12", 5)
    with path.open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [list(row) for row in told["rows"]] == [list(row) for row in written]
    printed = desk(*asked).out + path.read_text()
    with MEMBERS.open(encoding="utf-8") as file:
        people = list(csv.DictReader(file))
    assert [row["ref"] for row in people if row["ref"] and (row["ref"] in printed or row["nik"] in printed)] == []


def test_a_period_that_is_none(desk: Desk) -> None:
    assert desk("report", "lapses", "--from", "2026-02", "--to", "2026-01").code == 2
    assert desk.refused("report", "lapses", "--from", "2026", "--to", "2026-01", code=5) == "coverage-month-malformed"
    told = ("--from", "2026-01", "--to", "2026-01", "--csv", desk.folder / "no" / "x.csv")
    assert desk("report", "lapses", *told).code != 0
