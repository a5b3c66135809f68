# SPDX-License-Identifier: Apache-2.0
"""``kartu group``: a cooperative pays for its members, months move from one who left to one who came."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cardservice import clock
from cardservice.coverage.civil_time import month_at
from tests.reader_tools.cli.desk import Desk

CODE = "KOP-MELATI"


@pytest.fixture
def payer(desk: Desk) -> Desk:
    told = ("--name", "Koperasi Melati", "--kind", "cooperative", "--collect", "--by", "ani")
    desk.json("intermediary", "add", CODE, *told)
    assert desk.json("group", "register", CODE, "--by", "ani")["mismatch"] == "HOLD"
    return desk


@pytest.fixture
def listed(payer: Desk) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = payer.folder / "list.csv"
        path.write_text(f"member,months\n{text}")
        return path

    return write


def test_a_list_becomes_a_bill_and_a_sum_settles_it(payer: Desk, listed: Callable[[str], Path]) -> None:
    path = listed("P-0001,12\nP-0002,2\n")
    tried = payer.json("group", "bill", CODE, path, "--bill", "b1", "--by", "ani", "--dry-run")
    assert tried["kept"] is False
    drawn = payer.json("group", "bill", CODE, path, "--bill", "b1", "--by", "ani")
    assert drawn == {**tried, "kept": True}
    assert drawn["rupiah"] == sum(row["rupiah"] for row in drawn["rows"])

    half = payer.json("group", "pay", CODE, "--bill", "b1", "--rupiah", "1000", "--reference", "t1", code=1)
    assert half["missing"] == drawn["rupiah"] - 1000
    rest = ("--rupiah", str(half["missing"]), "--reference", "t2")
    assert payer.json("group", "pay", CODE, "--bill", "b1", *rest)["settled_at"] is not None

    shown = payer.json("group", "show", CODE, "--bill", "b1")
    assert shown["balanced"] is True
    assert [row["difference"] for row in shown["rows"]] == [0, 0]
    told = payer.json("group", "list", CODE)
    assert (told["members"], told["deposit"], len(told["bills"])) == (2, 0, 1)
    assert "P-0001" in payer("group", "show", CODE, "--bill", "b1").out
    assert "b1" in payer("group", "list", CODE).out

    back = ("--reference", "t2", "--by", "ani", "--reason", "returned by the bank")
    gone = payer.json("group", "bounce", CODE, *back)
    assert (gone["bills_reopened"], gone["deposit"], gone["again"]) == (["b1"], 1000, False)
    assert payer.json("group", "bounce", CODE, *back)["again"] is True
    assert "b1" in payer("group", "bounce", CODE, *back).out
    shown = payer.json("group", "show", CODE, "--bill", "b1")
    assert (shown["settled_at"], len(shown["reopened_at"])) == (None, 1)
    assert payer.refused("group", "pay", CODE, "--bill", "b1", *rest, code=1) == "money-bounced"
    month = str(month_at(clock.now()))
    (row,) = payer.json("report", "groups", "--from", month, "--to", month)["rows"]
    assert (row["rupiah"], row["bounced"], row["bills_reopened"]) == (drawn["rupiah"], half["missing"], drawn["rupiah"])


def test_months_move_to_one_who_joined(payer: Desk, listed: Callable[[str], Path]) -> None:
    """P-0063 and P-0106 never paid and have the same programmes and prices."""
    drawn = payer.json("group", "bill", CODE, listed("P-0063,12\n"), "--bill", "b1", "--by", "ani")
    paid = ("--rupiah", str(drawn["rupiah"]), "--reference", "t1")
    payer.json("group", "pay", CODE, "--bill", "b1", *paid)
    asked = ("--from", "P-0063", "--to", "P-0106", "--by", "ani", "--reason", "left", "--reference", "m1")
    this_month = month_at(clock.now())
    ahead = ("--first", str(this_month + 2))
    assert payer.refused("group", "move", CODE, *asked, *ahead, code=1) == "months-not-movable"
    payer.json("group", "join", CODE, "P-0106", "--by", "ani")
    assert payer.refused("group", "move", CODE, *asked, "--first", str(this_month), code=1) == "months-not-movable"

    moved = payer.json("group", "move", CODE, *asked, *ahead)
    assert moved["months"] == f"{this_month + 2}..{this_month + 11}"
    (row,) = payer.json("group", "show", CODE, "--bill", "b1")["rows"]
    assert {share["member_ref"]: share["rupiah"] for share in row["shares"]} == {
        "P-0063": row["rupiah"] - moved["rupiah"],
        "P-0106": moved["rupiah"],
    }
    assert payer.refused("group", "leave", CODE, "P-0063", "--by", "ani", code=1) == "record-not-found"
    assert payer.json("group", "leave", CODE, "P-0106", "--by", "ani")["member_ref"] == "P-0106"


def test_bad_rows_are_told_with_line_field_and_remedy(payer: Desk, listed: Callable[[str], Path]) -> None:
    path = listed("P-0001,13\nP-9999,1\n")
    told = payer.json("group", "bill", CODE, path, "--bill", "b1", "--by", "ani", code=1)
    assert [(each["line"], each["field"], each["rule"]) for each in told["problems"]] == [
        (2, "months", "months-range"),
        (3, "member", "member-unknown"),
    ]
    assert all(each["remedy"] for each in told["problems"])
    printed = payer("group", "bill", CODE, path, "--bill", "b1", "--by", "ani")
    assert "Line 2, months" in printed.out
    assert payer.refused("group", "pay", CODE, "--bill", "b1", code=1) == "record-not-found"


def test_what_is_no_list_and_who_is_no_payer(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("nik\n")
    told = ("--name", "Desa", "--kind", "local-government", "--by", "ani")
    desk.json("intermediary", "add", "DESA", *told)
    assert desk.refused("group", "register", "DESA", "--by", "ani", code=1) == "collection-out-of-scope"
    assert desk.refused("group", "list", "DESA", code=1) == "record-not-found"
    assert desk("group", "pay", "DESA", "--bill", "b", "--rupiah", "5").code == 2


def test_a_list_that_is_none(payer: Desk) -> None:
    path = payer.folder / "x.csv"
    path.write_text("nik\n")
    assert payer.refused("group", "bill", CODE, path, "--bill", "b", "--by", "ani", code=5) == "group-list-unreadable"
