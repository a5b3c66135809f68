# SPDX-License-Identifier: Apache-2.0
"""``kartu card refresh``: a member who paid leaves the counter with cover proofs that say so."""

from tests.reader_tools.cli.desk import Desk
from tests.reader_tools.cli.member_who_pays import pay


def test_a_card_is_brought_up_to_what_was_paid(desk: Desk) -> None:
    _, serial = desk.issued_card()
    assert desk.json("card", "refresh")["written"] == {}
    assert "Every cover proof is still good." in desk("card", "refresh").out
    pay(desk, serial)
    shown = desk("card", "refresh").out
    assert shown.count("payments changed") == 3
    assert desk.json("card", "refresh")["written"] == {}


def test_a_torn_card_is_refreshed_the_next_time(desk: Desk) -> None:
    _, serial = desk.issued_card()
    pay(desk, serial)
    desk.json("card", "virtual", "tear", "--before", "16")
    assert desk("card", "refresh").code == 3
    assert desk.json("card", "refresh")["written"] != {}
    assert desk.json("card", "refresh")["written"] == {}


def test_a_blank_card_gets_nothing(desk: Desk) -> None:
    desk.blank_card()
    assert desk.refused("card", "refresh", code=1) == "card-not-live"
