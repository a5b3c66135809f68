# SPDX-License-Identifier: Apache-2.0
"""``kartu order``: one places, two others approve; refusals are 1, wrong words 2."""

import pytest

from tests.reader_tools.cli.desk import Desk


def test_an_order_and_its_two_approvals(desk: Desk) -> None:
    placed = desk.json("order", "place", "P-0001", "--by", "ani")
    order_id = placed["order_id"]
    assert (placed["member_ref"], placed["state"], placed["ordered_by"]) == ("P-0001", "ORDERED", "ani")
    assert (placed["approvals"], placed["approvals_needed"]) == ([], 2)
    assert desk.json("order", "approve", order_id, "--by", "budi")["approvals"] == ["budi"]
    approved = desk.json("order", "approve", order_id, "--by", "citra")
    assert (approved["state"], approved["approvals"]) == ("APPROVED", ["budi", "citra"])


def test_a_person_is_told_what_comes_next(desk: Desk) -> None:
    placed = desk("order", "place", "P-0001", "--by", "ani")
    assert "for P-0001: waits for approval (0/2)" in placed.out
    order_id = desk.json("order", "list")["orders"][0]["order_id"]
    assert f"-> kartu order approve {order_id} --by NAME" in placed.out
    desk("order", "approve", order_id, "--by", "budi")
    assert f"-> kartu card personalize {order_id}" in desk("order", "approve", order_id, "--by", "citra").out


def test_the_same_key_is_the_same_order(desk: Desk) -> None:
    first = desk.json("order", "place", "P-0001", "--by", "ani", "--key", "monday-7")
    assert desk.json("order", "place", "P-0001", "--by", "ani", "--key", "monday-7") == first
    refused = desk.refused("order", "place", "P-0005", "--by", "ani", "--key", "monday-7", code=1)
    assert refused == "idempotency-conflict"
    other = desk.json("order", "place", "P-0001", "--by", "ani")
    assert other["order_id"] != first["order_id"]


def test_nobody_makes_a_card_alone(desk: Desk) -> None:
    order_id = desk.json("order", "place", "P-0001", "--by", "ani")["order_id"]
    assert desk.refused("order", "approve", order_id, "--by", "ani", code=1) == "approver-is-orderer"
    desk.json("order", "approve", order_id, "--by", "budi")
    assert desk.refused("order", "approve", order_id, "--by", "budi", code=1) == "already-approved"
    # Spaces make nobody another person.
    assert desk.refused("order", "approve", order_id, "--by", " ani ", code=1) == "approver-is-orderer"


def test_what_is_not_there_is_1(desk: Desk) -> None:
    assert desk.refused("order", "place", "P-9999", "--by", "ani", code=1) == "record-not-found"
    assert desk.refused("order", "approve", "0" * 32, "--by", "ani", code=1) == "record-not-found"


@pytest.mark.parametrize(
    "arguments",
    [
        ["place", "P-0001"],
        ["place", "P-0001", "--by", ""],
        ["place", "P-0001", "--by", "a" * 65],
        ["place", "P-0001", "--by", "a\x1b[31m"],
        ["place", "P-0001", "--by", "ani", "--key", ""],
        ["place", "P-0001", "--by", "ani", "--key", "k" * 129],
        ["list", "--state", "lost"],
        ["list", "--limit", "0"],
    ],
)
def test_wrong_words_are_2(desk: Desk, arguments: list[str]) -> None:
    assert desk.refused("order", *arguments, code=2) == "kartu-usage"


def test_the_list_by_state(desk: Desk) -> None:
    waiting = desk.json("order", "place", "P-0002", "--by", "ani")["order_id"]
    ready = desk.approved_order("P-0001")
    assert [row["order_id"] for row in desk.json("order", "list")["orders"]] == [waiting, ready]
    assert [row["order_id"] for row in desk.json("order", "list", "--state", "approved")["orders"]] == [ready]
    assert desk.json("order", "list", "--state", "DONE") == {"orders": []}
    shown = desk("order", "list").out
    assert ready in shown
    assert "budi, citra" in shown


def test_orders_need_no_keys(desk: Desk) -> None:
    desk.set("KARTU_HSM_SOCKET", desk.folder / "nobody")
    assert desk.approved_order()
