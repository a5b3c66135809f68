# SPDX-License-Identifier: Apache-2.0
"""``kartu stock``: deliveries all or none, and the equation a person can read."""

import sqlite3

import pytest

from tests.reader_tools.cli.desk import Desk

A, B, C = "4790D3210001000000AA", "4790D3210001000000AB", "4790D3210001000000AC"


def counted(**numbers: int) -> dict[str, object]:
    names = ("received", "stock", "live", "revoked", "destroyed", "spoiled", "missing")
    return {"location": None, **dict.fromkeys(names, 0), **numbers}


def test_chips_by_name(empty_desk: Desk) -> None:
    received = empty_desk.json("stock", "receive", "--location", "jakarta", A, B.lower())
    assert received == {"received": 2, "location": "jakarta", "chip_serials": [A, B]}
    assert empty_desk.json("stock", "count") == counted(received=2, stock=2)


def test_a_suppliers_list(empty_desk: Desk) -> None:
    listed = empty_desk.folder / "list.txt"
    listed.write_text(f"{A}\r\n\r\n4790 D321 0001 0000 00AB\r\n")
    assert empty_desk.json("stock", "receive", "--location", "medan", "--file", listed)["chip_serials"] == [A, B]


def test_a_bad_line_is_named_and_nothing_comes_in(empty_desk: Desk) -> None:
    listed = empty_desk.folder / "list.txt"
    listed.write_text(f"{A}\nnot\x1ba chip\n")
    error = empty_desk.json("stock", "receive", "--location", "medan", "--file", listed, code=5)["error"]
    assert error["code"] == "chip-serial-malformed"
    assert error["evidence"] == {"given": "not?a chip", "length": 20, "line": 2}
    assert empty_desk.json("stock", "count")["received"] == 0


def test_a_list_that_is_too_long(empty_desk: Desk) -> None:
    listed = empty_desk.folder / "list.txt"
    listed.write_bytes(b"\n" * (4 * 1024 * 1024 + 1))
    assert empty_desk.refused("stock", "receive", "--location", "m", "--file", listed, code=5) == "file-unreadable"


def test_a_chip_that_came_before_refuses_the_whole_list(empty_desk: Desk) -> None:
    empty_desk.json("stock", "receive", "--location", "jakarta", A)
    assert empty_desk.refused("stock", "receive", "--location", "medan", B, A, code=1) == "chip-exists"
    assert empty_desk.refused("stock", "receive", "--location", "medan", C, C, code=1) == "chip-exists"
    assert empty_desk.json("stock", "count")["received"] == 1


def test_the_card_in_the_reader(empty_desk: Desk) -> None:
    empty_desk.json("card", "virtual", "insert")
    (serial,) = empty_desk.json("stock", "receive", "--location", "jakarta", "--inserted")["chip_serials"]
    assert empty_desk.json("card", "info")["chip_serial"] == serial


def test_no_card_in_the_reader_is_3(empty_desk: Desk) -> None:
    assert empty_desk.refused("stock", "receive", "--location", "jakarta", "--inserted", code=3) == "card-none"


@pytest.mark.parametrize(
    "arguments", [[], [A, "--inserted"], [A, "--file", "x"], ["--file", "x", "--inserted"], ["--location", " ", A]]
)
def test_one_source_and_one_place(empty_desk: Desk, arguments: list[str]) -> None:
    assert empty_desk.refused("stock", "receive", "--location", "jakarta", *arguments, code=2) == "kartu-usage"


def test_the_equation_as_a_person_reads_it(empty_desk: Desk) -> None:
    empty_desk.json("stock", "receive", "--location", "jakarta", A, B)
    empty_desk.json("stock", "receive", "--location", "medan", C)
    line = "2 received = 2 in stock + 0 live + 0 revoked + 0 destroyed + 0 spoiled\n"
    assert empty_desk("stock", "count", "--location", "jakarta").out == line
    empty_desk.set("KARTU_LANGUAGE", "id")
    assert empty_desk("stock", "count").out.startswith("3 diterima = 3 di gudang + 0 terpakai")


def test_books_that_lost_a_card_end_with_1(empty_desk: Desk) -> None:
    empty_desk.json("stock", "receive", "--location", "jakarta", A, B)
    with sqlite3.connect(empty_desk.folder / "kartu.db") as connection:
        connection.execute("DELETE FROM cards WHERE chip_serial = ?", [A])
    connection.close()
    assert empty_desk.json("stock", "count", code=1)["missing"] == 1
    shown = empty_desk("stock", "count")
    assert shown.code == 1
    assert "Difference: 1" in shown.out
    assert "2 received = " not in shown.out
