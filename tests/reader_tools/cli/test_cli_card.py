# SPDX-License-Identifier: Apache-2.0
"""``kartu card info|personalize|resume|void``: from a blank card to a live one, torn and finished, and given up."""

import re
from io import StringIO
from pathlib import Path

import pytest

from cardservice.card_edge.dialogue import exchange
from cardservice.card_edge.piv.select import select_piv
from cardservice.card_edge.piv.verify import verify
from reader_tools.reader import open_card
from tests.reader_tools.cli.desk import PIN, Desk

UNKNOWN_ORDER = "0" * 32


def pin_answer(desk: Desk, pin: str) -> int:
    with open_card("virtual", desk.folder) as card:
        exchange(select_piv(), card)
        return exchange(verify(pin.encode()), card).sw


def test_what_a_blank_card_says(bare_desk: Desk) -> None:
    """A desk has no database and no keys; the card can be looked at all the same."""
    bare_desk.json("card", "virtual", "insert")
    said = bare_desk.json("card", "info")
    assert re.fullmatch("[0-9A-F]{20}", said["chip_serial"])
    assert (said["blank"], said["key_versions"], said["piv"], said["sectors"]) == (True, ["FF"], None, [])
    assert (said["books"], said["books_trouble"]) == (None, "schema-behind")
    assert len(said["scripts"]) == 1
    shown = bare_desk("card", "info")
    assert "FF (blank card)" in shown.out
    assert "not reachable (schema-behind)" in shown.out


def test_an_empty_reader_is_3(bare_desk: Desk) -> None:
    assert bare_desk.refused("card", "info", code=3) == "card-none"
    assert bare_desk.refused("card", "info", "--reader", "virtual", code=3) == "card-none"


def test_an_approved_order_becomes_a_live_card(desk: Desk) -> None:
    serial, order_id = desk.blank_card(), desk.approved_order()
    assert desk.json("card", "info")["books"]["state"] == "STOCK"
    made = desk.json("card", "personalize", order_id, "--pin-file", desk.pin_file())
    assert (made["order_id"], made["chip_serial"], made["state"]) == (order_id, serial, "ACTIVE")
    assert made["sectors"] == [0x01, 0x10, 0x70]
    assert [script["title"] for script in made["scripts"]] == [
        "look at the chip",
        "keys and applications",
        "write, read back, prove, secure",
    ]
    assert all(script["done"] and script["apdus"] and script["bytes"] for script in made["scripts"])
    said = desk.json("card", "info")
    assert (said["blank"], said["key_versions"], said["books"]["state"]) == (False, ["30"], "ACTIVE")
    assert said["books"]["order_id"] == order_id
    assert re.fullmatch("[0-9A-F]{32}", said["piv"]["guid"])
    assert (said["piv"]["expires"] > "2027", said["piv"]["pin_tries"]) == (True, 3)
    faces = [(face["sector"], face["kind"], face["cover_proof"]) for face in said["sectors"]]
    assert faces == [(0x01, "health", True), (0x10, "transport", True), (0x70, "counter", True)]
    assert desk.json("order", "list")["orders"][0]["state"] == "DONE"
    assert pin_answer(desk, PIN) == 0x9000
    assert pin_answer(desk, "999999") == 0x63C2
    assert "PIN tries left 2" in desk("card", "info").out


def test_a_person_sees_each_step_ticked(desk: Desk) -> None:
    desk.blank_card()
    ended = desk("card", "personalize", desk.approved_order(), "--pin-file", desk.pin_file())
    assert ended.code == 0
    lines = ended.err.splitlines()
    assert re.fullmatch(r"  ✓  1 look at the chip +\d+ APDU +\d+ B +[\d.]+ ms", lines[0])
    assert [line.split()[:2] for line in lines[:3]] == [["✓", "1"], ["✓", "2"], ["✓", "3"]]
    assert re.search(r"3 round trips, \d+ APDU, \d+ B, \d+ ms", lines[3])
    assert ended.out.startswith("The card is live: KJS-")


def test_the_pin_from_standard_input_shows_nowhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.blank_card()
    monkeypatch.setattr("sys.stdin", StringIO("31415926\n"))
    ended = desk("card", "personalize", desk.approved_order(), "--pin-file", "-")
    assert ended.code == 0
    assert "31415926" not in ended.out + ended.err
    assert pin_answer(desk, "31415926") == 0x9000


@pytest.mark.parametrize("content", ["12345\n", "123456789\n", "12345a\n", "١٢٣٤٥٦\n", "", " 123456\n"])
def test_a_pin_that_no_card_would_take_is_5_and_the_card_stays_blank(desk: Desk, content: str) -> None:
    desk.blank_card()
    order_id = desk.approved_order()
    ended = desk("card", "personalize", order_id, "--pin-file", desk.pin_file(content), "--json")
    assert (ended.code, ended.document["error"]["code"]) == (5, "pin-unusable")
    assert not content.strip() or content.strip() not in ended.out
    assert desk.json("card", "info")["blank"] is True


def test_a_pin_file_that_others_can_read_is_refused(desk: Desk) -> None:
    order_id = desk.approved_order()
    for path in (desk.pin_file(mode=0o644), desk.folder / "none", desk.folder):
        assert desk.refused("card", "personalize", order_id, "--pin-file", path, code=5) == "pin-unusable"


def test_without_a_terminal_the_pin_needs_a_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(f"{PIN}\n"))
    assert desk.refused("card", "personalize", desk.approved_order(), code=5) == "pin-unusable"


def test_an_order_that_is_not_ready_asks_for_no_pin(desk: Desk) -> None:
    desk.blank_card()
    order_id = desk.json("order", "place", "P-0001", "--by", "ani")["order_id"]
    assert desk.refused("card", "personalize", order_id, code=1) == "order-not-ready"
    assert desk.refused("card", "personalize", UNKNOWN_ORDER, code=1) == "record-not-found"
    done, _ = desk.json("card", "virtual", "remove"), desk.issued_card("P-0005")
    assert done
    finished = next(row for row in desk.json("order", "list")["orders"] if row["state"] == "DONE")
    assert desk.refused("card", "personalize", finished["order_id"], code=1) == "order-not-ready"


def test_refusals_of_the_card_and_of_the_books(desk: Desk) -> None:
    order_id = desk.approved_order()
    pin = ("--pin-file", desk.pin_file())
    assert desk.refused("card", "personalize", order_id, *pin, code=3) == "card-none"
    desk.json("card", "virtual", "insert")
    assert desk.refused("card", "personalize", order_id, *pin, code=1) == "chip-not-in-stock"
    desk.set("KARTU_HSM_SOCKET", desk.folder / "nobody")
    assert desk.refused("card", "personalize", order_id, *pin, code=4) == "hsm-down"


@pytest.mark.parametrize("tear", [("--before", "2"), ("--after", "40"), ("--before", "60")])
def test_a_torn_card_is_resumed(desk: Desk, tear: tuple[str, str]) -> None:
    desk.blank_card()
    order_id = desk.approved_order()
    desk.json("card", "virtual", "tear", *tear)
    torn = desk("card", "personalize", order_id, "--pin-file", desk.pin_file())
    assert torn.code == 3
    assert "✗" in torn.err
    assert "card-removed" in torn.err
    begun = desk.json("order", "list")["orders"][0]["state"] == "BOUND"
    assert (f"go on with: kartu card resume {order_id}" in torn.err) is begun
    # The command that the person was told, or the first one again where nothing was begun.
    made = desk.json("card", "resume" if begun else "personalize", order_id, "--pin-file", desk.pin_file())
    assert made["state"] == "ACTIVE"
    assert desk.json("card", "info")["books"]["state"] == "ACTIVE"
    assert pin_answer(desk, PIN) == 0x9000
    assert desk.json("stock", "count")["missing"] == 0


def test_a_card_torn_after_its_last_apdu_is_finished_in_the_books(desk: Desk) -> None:
    desk.blank_card()
    made = desk.json("card", "personalize", desk.approved_order("P-0005"), "--pin-file", desk.pin_file())
    last = sum(script["apdus"] for script in made["scripts"])
    desk.json("card", "virtual", "remove")
    desk.blank_card()
    order_id = desk.approved_order()
    desk.json("card", "virtual", "tear", "--after", str(last))
    assert desk.refused("card", "personalize", order_id, "--pin-file", desk.pin_file(), code=3) == "card-removed"
    assert desk.json("card", "info")["books"]["state"] == "BOUND"
    assert desk.json("card", "resume", order_id, "--pin-file", desk.pin_file())["state"] == "ACTIVE"
    assert desk.json("card", "info")["books"]["state"] == "ACTIVE"


def test_what_was_not_begun_is_not_resumed(desk: Desk) -> None:
    desk.blank_card()
    order_id = desk.approved_order()
    assert desk.refused("card", "resume", order_id, "--pin-file", desk.pin_file(), code=1) == "state-conflict"
    assert desk.refused("card", "resume", UNKNOWN_ORDER, code=1) == "record-not-found"
    assert desk.json("card", "info")["blank"] is True


def test_a_live_card_is_revoked(desk: Desk) -> None:
    order_id, serial = desk.issued_card()
    voided = desk.json("card", "void", serial.lower(), "--by", "ani", "--reason", "lost")
    assert (voided["chip_serial"], voided["state"], voided["order_id"]) == (serial, "REVOKED", order_id)
    assert desk.json("card", "info")["books"]["state"] == "REVOKED"
    assert desk.refused("card", "void", serial, "--by", "ani", "--reason", "lost", code=1) == "card-state-not-allowed"


def test_a_torn_card_that_is_given_up_frees_its_order(desk: Desk) -> None:
    serial, order_id = desk.blank_card(), desk.approved_order()
    desk.json("card", "virtual", "tear", "--after", "60")
    desk.json("card", "personalize", order_id, "--pin-file", desk.pin_file(), code=3)
    desk.json("card", "virtual", "remove")
    ended = desk("card", "void", serial, "--by", "ani", "--reason", "lost on the way")
    assert ended.out == f"Card {serial}: SPOILED\n"
    desk.blank_card()
    assert desk.json("card", "personalize", order_id, "--pin-file", desk.pin_file())["state"] == "ACTIVE"
    counted = desk.json("stock", "count")
    assert (counted["received"], counted["live"], counted["spoiled"], counted["missing"]) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["not-a-chip", "--by", "ani", "--reason", "x"], 5),
        (["4790D3210001000000AA", "--by", "ani", "--reason", "x"], 1),
        (["4790D3210001000000AA", "--by", "ani"], 2),
        (["4790D3210001000000AA", "--reason", "x"], 2),
        (["4790D3210001000000AA", "--by", "ani", "--reason", " "], 2),
    ],
)
def test_void_says_what_is_wrong(desk: Desk, arguments: list[str], code: int) -> None:
    assert desk.refused("card", "void", *arguments, code=code)


def test_a_clone_is_not_blank_and_not_ours_to_finish(desk: Desk) -> None:
    """What a thief copies names the same chip: the books know it as live, so nothing is written to it."""
    desk.issued_card()
    image = Path(desk.json("card", "virtual", "remove")["image"])
    desk.json("card", "virtual", "insert", "--clone-of", image)
    order_id = desk.approved_order("P-0005")
    ended = desk("card", "personalize", order_id, "--pin-file", desk.pin_file(), "--json")
    assert ended.code in {1, 3}
    assert desk.json("order", "list", "--state", "APPROVED")["orders"][0]["order_id"] == order_id


@pytest.mark.parametrize(
    "asked",
    [
        ("--event-at", "2126-11-20T09:30:00+07:00"),
        ("--event-at", "2026-11-20T09:30:00"),
        ("--event-at", "2026-11-20T09:30+07:00", "--date", "2026-11-21"),
    ],
)
def test_an_event_that_cannot_be_meant_is_no_question(bare_desk: Desk, asked: tuple[str, ...]) -> None:
    assert bare_desk("card", "verify", "--offline", *asked).code == 2
