# SPDX-License-Identifier: Apache-2.0
"""A payment that a person takes back: once, with a name in the trail, and told alike to everybody who asks the bank's way (decision 0157)."""

from dataclasses import replace

import pytest

from cardservice.collection.errors import PaymentUnknown
from cardservice.collection.reverse_by_person import TakenBack, reverse_by_person
from cardservice.enrolment.personal_data import nik_fingerprint
from cardservice.records import audit_events, members, payment_allocations, payments
from reader_tools.mockbank.bank_client import Reply
from tests.collection.till import ONE_MONTH, PARTNER, Till
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows

MEMBER = rows.identifier("member", 1)
REVERSED = {"english": "Reversed", "indonesia": "Dibatalkan"}
NIK = "3171011708450001"


def take_back(till: Till, reference: str = "inq-1", by: str = "ani") -> TakenBack:
    return reverse_by_person(
        till.world.database,
        partner_id=PARTNER,
        reference=reference,
        by=by,
        reason="not in the bank's books",
        at=till.world.clock(),
        rules=RULES_2026,
    )


def told(reply: Reply) -> tuple[str, str, object]:
    return reply.code, reply.outcome, reply.account.get("paymentFlagReason")


def test_service_26_and_every_retry_say_the_same(till: Till, member_number: str) -> None:
    assert till.pay(member_number, ONE_MONTH, external_id="1").outcome == "00"
    assert told(till.pay(member_number, ONE_MONTH, external_id="1"))[:2] == ("4042518", "00")
    take_back(till)
    before = till.rows()["payments"]
    assert told(till.status(member_number)) == ("2002600", "01", REVERSED)
    same_id = till.pay(member_number, ONE_MONTH, external_id="1")
    advice = till.pay(member_number, ONE_MONTH, external_id="2", flagAdvise="Y")
    anew = till.pay(member_number, ONE_MONTH, external_id="3")
    anew_again = till.pay(member_number, ONE_MONTH, external_id="3")
    for reply in (same_id, advice, anew, anew_again):
        assert told(reply) == ("4042518", "01", REVERSED)
    assert till.rows()["payments"] == before
    assert told(till.pay(member_number, ONE_MONTH, "inq-2"))[:2] == ("2002500", "00")


def test_it_is_done_once_and_somebody_answers_for_it(till: Till, member_number: str) -> None:
    till.pay(member_number, ONE_MONTH)
    first = take_back(till)
    again = take_back(till, by="budi")
    assert (first.again, again.again) == (False, True)
    assert again.reversal == first.reversal
    with till.world.database.read() as connection:
        trail = [kept.event for kept in audit_events.of_member(connection, MEMBER)]
        assert payment_allocations.of_member(connection, MEMBER) == ()
    (event,) = [each for each in trail if each.kind == "payment.reversed"]
    assert (event.detail["by"], event.detail["rupiah"]) == ("ani", ONE_MONTH)
    assert till.inquire(member_number, "inq-2").account["totalAmount"]["value"] == f"{ONE_MONTH}.00"


def test_what_nobody_paid_is_not_taken_back(quick_till: Till) -> None:
    before = quick_till.rows()
    with pytest.raises(PaymentUnknown):
        take_back(quick_till)
    assert quick_till.rows() == before


def test_a_member_is_found_by_nik_and_paid_for(till: Till) -> None:
    world = till.world
    index = nik_fingerprint(world.keys.blind_index, NIK)
    with world.database.begin() as connection:
        members.add(connection, replace(rows.member(1), nik_index=index))
    asked = till.inquire(NIK)
    assert (asked.code, asked.account["virtualAccountName"]) == ("2002400", "PESERTA")
    paid = till.pay(NIK, ONE_MONTH)
    assert (paid.code, paid.outcome, paid.account["customerNo"]) == ("2002500", "00", NIK)
    assert told(till.status(NIK))[:2] == ("2002600", "00")
    with world.database.read() as connection:
        kept = payments.find(connection, PARTNER, "inq-1")
    assert kept is not None
    assert kept.member_id == MEMBER
    stranger = till.pay("3171011708450002", ONE_MONTH, "inq-2")
    assert (stranger.code, stranger.outcome) == ("4042512", "01")
