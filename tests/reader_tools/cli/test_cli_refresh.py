# SPDX-License-Identifier: Apache-2.0
"""``kartu card refresh``: a member who paid leaves the counter with cover proofs that say so."""

from cardservice.clock import now
from cardservice.collection.credit import credit_payment
from cardservice.records import audit_events, cards, members
from cardservice.records.payments import Channel, PaymentRow
from tests.coverage.rules_2026 import RULES_2026
from tests.reader_tools.cli.desk import Desk


def pay(desk: Desk, chip_serial: str, rupiah: int) -> None:
    database, at = desk.database(), now()
    with database.begin() as connection:
        card = cards.find_by_chip_serial(connection, chip_serial)
        assert card is not None
        assert card.member_id is not None
        payer = members.get(connection, card.member_id).payer
        row = PaymentRow(card.member_id, "ab" * 16, "BCA", "r", Channel.VIRTUAL_ACCOUNT, payer, rupiah, at, at, [])
        audit_events.append(connection, [credit_payment(connection, row, rules=RULES_2026).event])
    database.close()


def test_a_card_is_brought_up_to_what_was_paid(desk: Desk) -> None:
    _, serial = desk.issued_card()
    assert desk.json("card", "refresh")["written"] == {}
    assert "Every cover proof is still good." in desk("card", "refresh").out
    pay(desk, serial, 12 * 200_000)
    shown = desk("card", "refresh").out
    assert shown.count("payments changed") == 3
    assert desk.json("card", "refresh")["written"] == {}


def test_a_torn_card_is_refreshed_the_next_time(desk: Desk) -> None:
    _, serial = desk.issued_card()
    pay(desk, serial, 12 * 200_000)
    desk.json("card", "virtual", "tear", "--before", "16")
    assert desk("card", "refresh").code == 3
    assert desk.json("card", "refresh")["written"] != {}
    assert desk.json("card", "refresh")["written"] == {}


def test_a_blank_card_gets_nothing(desk: Desk) -> None:
    desk.blank_card()
    assert desk.refused("card", "refresh", code=1) == "card-not-live"
