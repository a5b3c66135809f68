# SPDX-License-Identifier: Apache-2.0
"""Payments under fire: many at once, service and database killed with -9, a database that is locked or away. Credited once, told the same."""

import asyncio

import pytest

from cardservice.collection.snap import desk
from cardservice.collection.snap.answers import Answer
from cardservice.collection.snap.cases import Service
from cardservice.records import members, snap_requests
from cardservice.records.hot_path import postgresql_payments, sqlite_payments
from reader_tools.mockbank.bank_client import PAYMENT
from tests.collection.running import Machine
from tests.collection.storm import Storm, kill_api, kill_postgresql
from tests.collection.test_short_way import go_the_long_way
from tests.collection.till import ONE_MONTH, Till, give_number
from tests.records import rows
from tests.verification.world import TODAY


@pytest.fixture
def machine(postgresql_machine: Machine) -> Machine:
    return postgresql_machine


@pytest.mark.needs("postgresql")
def test_sixty_four_at_once(machine: Machine) -> None:
    storm = Storm(machine, 1, 64)
    storm.blow(lambda: None)
    storm.check()


@pytest.mark.needs("postgresql")
def test_the_service_is_killed_meanwhile(machine: Machine) -> None:
    storm = Storm(machine, 2, 12)
    storm.blow(kill_api(machine, 0.05))
    storm.check()


@pytest.mark.needs("postgresql")
def test_the_database_is_killed_meanwhile(machine: Machine) -> None:
    storm = Storm(machine, 3, 12)
    storm.blow(kill_postgresql(machine, 0.05))
    storm.check()


@pytest.mark.needs("postgresql")
def test_a_database_that_is_away_is_a_time_out_and_the_retry_pays(machine: Machine) -> None:
    """5042400 and 5042500: we can't tell the outcome; the bank asks again under the same names."""
    database = machine.database()
    number = give_number(database, 4)
    database.close()
    with machine.client() as bank:
        assert bank.get_token().status == 200
        inquiry = bank.inquiry(number, "away")
        rupiah = int(bank.call("/v1.0/transfer-va/inquiry", inquiry).account["totalAmount"]["value"].partition(".")[0])
        payment = bank.payment(number, "away", rupiah)
        machine.kill_postgresql()
        asked = bank.call("/v1.0/transfer-va/inquiry", inquiry)
        assert (asked.status, asked.code, asked.message) == (504, "5042400", "Timeout")
        paid = bank.call(PAYMENT, payment, external_id="88001")
        assert (paid.status, paid.code, paid.message) == (504, "5042500", "Timeout")
        machine.start_postgresql()
        assert bank.call(PAYMENT, payment, external_id="88001").code == "2002500"
        assert bank.call(PAYMENT, payment, external_id="88001").code == "4042518"
    assert "unforeseen DatabaseUnavailable" in (machine.folder / "api.log").read_text()


def test_sqlite_credits_once_too(sqlite_machine: Machine) -> None:
    storm = Storm(sqlite_machine, 1, 8)
    storm.blow(kill_api(sqlite_machine, 0.05))
    storm.check()


def test_another_request_about_the_member_is_waited_for_and_then_told(till: Till) -> None:
    """On PostgreSQL; SQLite has one writer at a time, and whoever waits gets his turn."""
    number = give_number(till.world.database, 1)
    till.bank.get_token()
    asked, served, before = till.asked(number, ONE_MONTH, "7"), till.desk(patience_s=0.05), till.rows()
    if till.world.url.startswith("postgresql"):
        with till.world.database.begin() as connection:
            members.lock(connection, rows.identifier("member", 1))
            told = till.world.run(served.answer(Service.PAYMENT, asked, till.world.clock()))
        assert (told.status, told.code, told.case.message()) == (202, "2022500", "Request In Progress")
        assert '"paymentFlagStatus":"02"' in told.rest
        assert till.rows() == before
    assert till.world.run(served.answer(Service.PAYMENT, asked, till.world.clock())).code == "2002500"


def test_who_waits_for_a_locked_member_keeps_no_other_from_paying(till: Till) -> None:
    """Every thread of the long way waits. Before, signatures were compared in the same threads, and all banks stood still for ten seconds."""
    number = give_number(till.world.database, 1)
    till.bank.get_token()
    asked = till.asked(number, ONE_MONTH, "7")

    async def send() -> Answer:
        never = asyncio.Event()
        served = till.desk(in_thread=lambda *_: never.wait())
        return await asyncio.wait_for(served.answer(Service.PAYMENT, asked, till.world.clock()), 30)

    assert till.world.run(send()).code == "2002500"


@pytest.mark.parametrize("names", [["1", "2", "3", "4"], ["5"] * 6])
def test_at_one_moment_one_is_credited(till: Till, names: list[str]) -> None:
    """A bank's advices under names of their own, and its retries under one, that do not wait for each other."""
    number = give_number(till.world.database, 1)
    till.bank.get_token()
    served = till.desk()
    requests = [till.asked(number, ONE_MONTH, name, flagAdvise="Y") for name in names]

    async def send() -> list[Answer]:
        now = till.world.clock()
        return await asyncio.gather(*(served.answer(Service.PAYMENT, asked, now) for asked in requests))

    told = till.world.run(send())
    assert len({answer.rest for answer in told}) == 1
    codes = sorted(answer.code for answer in told)
    own_names = len(set(names)) == len(names)
    assert codes == (["2002500"] * 4 if own_names else ["2002500"] + ["4042518"] * 5)
    assert till.rows()["payments"] == 1


def test_sabotage_where_nothing_is_looked_up_the_constraint_still_refuses(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the X-EXTERNAL-ID is never found used, nor the reference paid. What is left is the database's own word."""
    number = give_number(till.world.database, 1)
    assert till.pay(number, ONE_MONTH, external_id="1").code == "2002500"
    monkeypatch.setattr("cardservice.records.snap_requests.begin", lambda *_, **__: True)
    monkeypatch.setattr("cardservice.records.payments.find", lambda *_: None)
    monkeypatch.setattr("cardservice.collection.biller.require_payable", lambda *_, **__: None)
    assert till.pay(number, ONE_MONTH, external_id="1").outcome == "01"
    assert till.rows()["payments"] == 1


def test_the_outcome_is_on_record_with_the_intent(till: Till) -> None:
    number = give_number(till.world.database, 1)
    paid = till.pay(number, ONE_MONTH, external_id="1")
    with till.world.database.read() as connection:
        known = snap_requests.find(connection, "BCA", TODAY, "1")
    assert known is not None
    assert (known.response_code, known.request_id) == ("2002500", "inq-1")
    assert known.answer is not None
    assert paid.body.endswith(known.answer.encode() + b"}")


@pytest.mark.parametrize("way", ["short", "long"])
def test_a_crash_between_credit_and_answer_leaves_nothing(
    till: Till, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Intent, credit and outcome are one transaction: what dies in the middle was never there, and the retry pays."""
    number = give_number(till.world.database, 1)
    till.bank.get_token()
    before = till.rows()
    with monkeypatch.context() as broken:
        if way == "long":
            broken.setattr(desk, "answer_shortly", go_the_long_way)
        broken.setattr("cardservice.records.snap_requests.finish", lambda *_, **__: 1 / 0)
        broken.setattr(sqlite_payments, "EVENT", "INSERT INTO audit_events (chain, seq, head) VALUES (1 / 0, ?)")
        statement = postgresql_payments._WRITE.replace(
            "moved.seq, moved.head,", "moved.seq / (moved.seq - moved.seq), moved.head,"
        )
        broken.setattr(postgresql_payments, "_WRITE", statement)
        assert till.pay(number, ONE_MONTH, external_id="1").status in {500, 504}
    assert till.rows() == before
    assert till.pay(number, ONE_MONTH, external_id="1").code == "2002500"
