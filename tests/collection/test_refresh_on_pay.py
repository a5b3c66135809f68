# SPDX-License-Identifier: Apache-2.0
"""A committed payment is cover at the next verification; a reversal takes it away again, and what was answered before stays."""

from typing import Any

import pytest

from cardservice.collection.bank_register import BankSettings
from cardservice.collection.bill_type import BillType
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.enrolment.refresh_standing import refresh_standing
from cardservice.records import member_months, payment_allocations, verifications
from cardservice.records.member_months import MemberMonth
from tests.api.served import verified
from tests.collection.test_ppob import Switch
from tests.collection.till import ONE_MONTH, Till, give_number
from tests.records import rows
from tests.verification.world import NOW, IssuedCard, World

MEMBER = rows.identifier("member", 1)


@pytest.fixture
def lapsed(either_world: World, sari: IssuedCard) -> World:
    """Sari has a card, paid through June, and has not paid since."""
    either_world.hand_over(sari)
    with either_world.database.begin() as connection:
        months = [
            MemberMonth(programme, ContributionMonth(2026, month), amount, None, NOW)
            for programme, amount in ((Programme.JKK, 5_000), (Programme.JKM, 3_400))
            for month in range(1, 7)
        ]
        member_months.add(connection, MEMBER, months)
        refresh_standing(connection, MEMBER, NOW)
    return either_world


def told(till: Any, secret: str, sari: IssuedCard) -> dict[str, Any]:
    answer = verified(till.service, secret, sari)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_the_next_verification_sees_the_payment(lapsed: World, sari: IssuedCard) -> None:
    till = Till(lapsed, BankSettings("88899", bill_type=BillType.CLOSED))
    secret, number = lapsed.register(1), give_number(lapsed.database, 1, add_member=False)
    before = told(till, secret, sari)
    assert (before["outcome"], before["cure"]["amount_rupiah"]) == ("NOT_COVERED", 5 * ONE_MONTH)

    owing = till.inquire(number).account["totalAmount"]["value"]
    assert owing == f"{5 * ONE_MONTH}.00"
    assert till.pay(number, 5 * ONE_MONTH).code == "2002500"

    after = told(till, secret, sari)
    assert (after["outcome"], after["until"]) == ("COVERED", "2027-02-28")


def test_a_reversal_takes_the_cover_away_and_leaves_the_answer(lapsed: World, sari: IssuedCard) -> None:
    switch = Switch(lapsed)
    secret, number = lapsed.register(1), give_number(lapsed.database, 1, add_member=False)
    switch.inquire(number)
    switch.pay(number, 5 * ONE_MONTH)
    covered = told(switch, secret, sari)
    assert covered["outcome"] == "COVERED"
    switch.reverse()
    assert told(switch, secret, sari)["outcome"] == "NOT_COVERED"
    with lapsed.database.read() as connection:
        assert payment_allocations.of_member(connection, MEMBER) == ()
        left = member_months.of_member(connection, MEMBER)
    assert {each.month.number for each in left} == set(range(202601, 202607))
    with lapsed.database.read() as connection:
        kept = verifications.find_by_receipt(connection, covered["receipt"]["receipt_id"])
    assert kept is not None
    assert kept.verification.outcome == "COVERED"


def test_what_is_paid_in_parts_is_bought_when_it_is_whole(lapsed: World) -> None:
    till = Till(lapsed, BankSettings("88899", bill_type=BillType.PARTIAL))
    number = give_number(lapsed.database, 1, add_member=False)
    first = till.pay(number, ONE_MONTH - 400, "a")
    assert first.account["freeTexts"] == [{"english": "Kept as credit", "indonesia": "Disimpan sebagai saldo iuran"}]
    assert till.inquire(number).account["totalAmount"]["value"] == f"{4 * ONE_MONTH + 400}.00"
    till.pay(number, 400, "b")
    with lapsed.database.read() as connection:
        bought = payment_allocations.of_member(connection, MEMBER)
        months = {each.month.number for each in member_months.of_member(connection, MEMBER)}
    assert {each.month.number for each in bought} == {202607}
    assert sum(each.amount for each in bought) == ONE_MONTH
    assert 202607 in months
    assert 202608 not in months
