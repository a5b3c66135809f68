# SPDX-License-Identifier: Apache-2.0
"""What a bank brought is a bank's alone: an aggregator of the same name, from a database of before names were taken, neither sees nor reverses it."""

import pytest
from sqlalchemy import text

from cardservice.collection import biller
from cardservice.collection.bill_type import BillType
from cardservice.collection.biller import PaidUnder
from cardservice.collection.errors import PaymentUnknown
from cardservice.collection.ppob.register import register_aggregator
from cardservice.records import payments
from cardservice.records.connection import Connection
from cardservice.records.errors import PartnerNameTaken
from cardservice.records.payments import PaymentRow
from tests.collection.test_ppob import Switch, rc
from tests.collection.till import ONE_MONTH, PARTNER, Till, give_number
from tests.verification.world import NOW


@pytest.fixture
def switch(till: Till) -> Switch:
    """An aggregator under the bank's own name, taken in before that was refused."""
    database = till.world.database
    with database.begin() as connection:
        postgresql = connection.dialect.name == "postgresql"
        place = "take_name ON ppob_partners" if postgresql else "take_name_insert"
        connection.execute(text(f"DROP TRIGGER ppob_partners_{place}"))
    return Switch(till.world, partner_id=PARTNER)


def stands(till: Till, reference: str) -> bool:
    with till.world.database.read() as connection:
        payment = payments.find(connection, PARTNER, reference)
        assert payment is not None
        return payments.reversal_of(connection, payment) is None


def test_an_aggregator_is_not_taken_in_under_a_banks_name(till: Till) -> None:
    before = till.rows()
    with pytest.raises(PartnerNameTaken), till.world.database.begin() as connection:
        register_aggregator(
            connection, partner_id=PARTNER, name="Switch", bill_type=BillType.CLOSED, random_octets=bytes(32), at=NOW
        )
    assert till.rows() == before


def test_a_banks_payment_is_nothing_to_an_aggregator_of_its_name(till: Till, switch: Switch) -> None:
    number = give_number(till.world.database, 1)
    assert till.pay(number, ONE_MONTH, "r-1").code == "2002500"
    assert rc(switch.advise()) == (404, "25")
    assert rc(switch.reverse()) == (404, "25")
    assert stands(till, "r-1")
    assert till.status(number, "r-1").code == "2002600"
    # The reference is used up by the name: nothing is credited under it.
    other = give_number(till.world.database, 2)
    switch.inquire(other, "r-2")
    assert till.pay(number, ONE_MONTH, "r-2").code == "4042514"
    assert till.pay(other, ONE_MONTH, "r-2").code == "2002500"
    assert rc(switch.pay(other, ref="r-2")) == (409, "94")
    assert till.rows()["payments"] == 2


def test_an_aggregators_payment_is_nothing_to_a_bank_of_its_name(till: Till, switch: Switch) -> None:
    number = give_number(till.world.database, 1)
    switch.inquire(number)
    assert rc(switch.pay(number)) == (200, "00")
    assert till.status(number, "r-1").code == "4042601"
    assert till.pay(number, ONE_MONTH, "r-1").code == "4042518"
    assert till.rows()["payments"] == 1
    assert rc(switch.reverse()) == (200, "00")


def test_sabotage_by_name_alone_the_aggregator_takes_the_banks_payment_back(
    till: Till, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: whoever has the name and the reference has the payment."""

    def by_name(connection: Connection, own: PaidUnder) -> PaymentRow:
        found = payments.find(connection, own.partner_id, own.reference)
        if found is None:
            raise PaymentUnknown
        return found

    monkeypatch.setattr(biller, "_payment", by_name)
    number = give_number(till.world.database, 1)
    assert till.pay(number, ONE_MONTH, "r-1").code == "2002500"
    assert rc(switch.reverse()) == (200, "00")
    assert not stands(till, "r-1")
