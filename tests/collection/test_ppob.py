# SPDX-License-Identifier: Apache-2.0
"""PPOB as an aggregator sees it: inquiry, payment, advice and reversal, each as often as it takes; on both databases."""

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import httpx
import pytest

from cardservice.clock import monotonic
from cardservice.collection.bill_type import BillType
from cardservice.collection.biller import MemberBiller
from cardservice.collection.ppob.desk import PpobDesk
from cardservice.collection.ppob.register import register_aggregator, revoke_aggregator
from cardservice.collection.ppob.requests import Operation
from tests.api.served import Service, bearer
from tests.collection.till import ONE_MONTH, give_number, table_sizes
from tests.coverage.rules_2026 import PACKS_2026
from tests.verification.world import NOW, World


@dataclass
class Switch:
    """One aggregator at one service."""

    world: World
    kind: BillType = BillType.CLOSED
    partner_id: str = "switch-1"
    secret: str = field(init=False)
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        with self.world.database.begin() as connection:
            self.secret = register_aggregator(
                connection,
                partner_id=self.partner_id,
                name="Switch",
                bill_type=self.kind,
                random_octets=random.Random(4).randbytes(32),
                at=NOW,
            ).secret
        self.service = Service(self.world)

    def ask(self, operation: str, body: Any, secret: str | None = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | bearer(self.secret if secret is None else secret)
        return self.service.request("POST", f"/ppob/v1/{operation}", content=content, headers=headers)

    def inquire(self, number: str, ref: str = "r-1") -> httpx.Response:
        return self.ask("inquiry", {"ref_id": ref, "customer_no": number})

    def pay(self, number: str, rupiah: int = ONE_MONTH, ref: str = "r-1") -> httpx.Response:
        return self.ask("payment", {"ref_id": ref, "customer_no": number, "amount": rupiah})

    def advise(self, ref: str = "r-1") -> httpx.Response:
        return self.ask("advice", {"ref_id": ref})

    def reverse(self, ref: str = "r-1", reason: str = "timeout") -> httpx.Response:
        return self.ask("reversal", {"ref_id": ref, "reason": reason})


def rc(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["rc"]


@pytest.fixture
def switch(either_world: World) -> Switch:
    return Switch(either_world)


@pytest.fixture
def number(switch: Switch) -> str:
    return give_number(switch.world.database, 1)


def test_a_bill_is_asked_for_and_paid(switch: Switch, number: str) -> None:
    asked = switch.inquire(number).json()
    assert asked == {
        "rc": "00",
        "message": "Sukses",
        "ref_id": "r-1",
        "customer_no": number,
        "name": "SI** RA****",
        "period": "2026-11/2026-11",
        "sheets": 1,
        "jkk": 5_000,
        "jkm": 3_400,
        "jht": 0,
        "credit": 0,
        "admin": 0,
        "total": ONE_MONTH,
    }
    paid = switch.pay(number)
    assert rc(paid) == (200, "00")
    assert paid.json()["receipt_no"]
    assert rc(switch.inquire(number, "r-2")) == (409, "88")


def test_the_same_reference_again_is_answered_the_same(switch: Switch, number: str) -> None:
    assert switch.inquire(number).content == switch.inquire(number).content
    paid = switch.pay(number)
    before = table_sizes(switch.world.database)
    for again in (switch.pay(number), switch.pay(number), switch.advise(), switch.advise()):
        assert again.content == paid.content
    assert rc(switch.pay(number, ONE_MONTH + 1)) == (409, "94")
    assert rc(switch.inquire("123", "r-1")) == (404, "14")
    assert table_sizes(switch.world.database) == before


def test_payment_needs_an_inquiry_of_the_same_day_and_customer(switch: Switch, number: str) -> None:
    other = give_number(switch.world.database, 2)
    assert rc(switch.pay(number)) == (409, "63")
    switch.inquire(number)
    assert rc(switch.pay(other)) == (409, "63")
    switch.world.clock.time = NOW.replace(hour=17)  # midnight in Jakarta
    assert rc(switch.pay(number)) == (409, "63")
    switch.world.clock.time -= timedelta(seconds=1)
    assert rc(switch.pay(number)) == (200, "00")


def test_an_advice_of_nothing_is_not_found(switch: Switch, number: str) -> None:
    assert rc(switch.advise()) == (404, "25")
    switch.inquire(number)
    assert rc(switch.advise()) == (404, "25")


def test_a_reversal_undoes_once_and_is_answered_the_same(switch: Switch, number: str) -> None:
    switch.inquire(number)
    switch.pay(number)
    undone = switch.reverse()
    assert rc(undone) == (200, "00")
    assert undone.json()["total"] == ONE_MONTH
    assert switch.reverse().content == undone.content
    assert rc(switch.reverse(reason="error")) == (409, "94")
    for after in (switch.pay(number), switch.advise()):
        assert rc(after) == (409, "22")
    assert table_sizes(switch.world.database)["payment_reversals"] == 1
    # What was reversed is owed again.
    assert switch.inquire(number, "r-2").json()["total"] == ONE_MONTH
    assert rc(switch.pay(number, ref="r-2")) == (200, "00")


def test_a_payment_that_comes_after_its_reversal_is_not_taken(switch: Switch, number: str) -> None:
    """The till gave up and reversed; the payment was only slow."""
    switch.inquire(number)
    assert rc(switch.reverse()) == (404, "25")
    assert rc(switch.reverse()) == (404, "25")
    assert rc(switch.pay(number)) == (409, "22")
    assert table_sizes(switch.world.database)["payments"] == 0


def test_amounts_by_type_of_bill(either_world: World) -> None:
    switch = Switch(either_world, BillType.MINIMUM_ONCE)
    number = give_number(either_world.database, 1)
    switch.inquire(number)
    before = table_sizes(either_world.database)
    for rupiah in (1, ONE_MONTH - 1, 13 * 20_000):
        assert rc(switch.pay(number, rupiah)) == (422, "13")
    assert table_sizes(either_world.database) == before
    paid = switch.pay(number, 3 * ONE_MONTH + 500).json()
    assert (paid["period"], paid["sheets"], paid["credit"]) == ("2026-11/2027-01", 3, 500)
    # Paid up, and months are sold ahead.
    assert switch.inquire(number, "r-2").json()["total"] == 0


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("inquiry", {"ref_id": "r"}, "customer_no"),
        ("inquiry", {"ref_id": "r", "customer_no": "1", "x": 1}, "x"),
        ("inquiry", {"ref_id": "r", "customer_no": "1", "\ud800": 1}, "?"),  # UTF-8 can't say half of a surrogate pair
        ("inquiry", {"ref_id": "r", "customer_no": 1}, "customer_no"),
        ("inquiry", {"ref_id": "r r", "customer_no": "1"}, "ref_id"),
        ("inquiry", {"ref_id": "r" * 65, "customer_no": "1"}, "ref_id"),
        ("payment", {"ref_id": "r", "customer_no": "1", "amount": "1"}, "amount"),
        ("payment", {"ref_id": "r", "customer_no": "1", "amount": True}, "amount"),
        ("payment", {"ref_id": "r", "customer_no": "1", "amount": 0}, "amount"),
        ("payment", {"ref_id": "r", "customer_no": "1", "amount": 1.5}, "amount"),
        ("payment", {"ref_id": "r", "customer_no": "1", "amount": 10**13}, "amount"),
        ("reversal", {"ref_id": "r", "reason": "why not"}, "reason"),
        ("reversal", {"ref_id": "r", "reason": []}, "reason"),
    ],
)
def test_a_body_that_is_not_the_documented_one(world: World, operation: str, body: object, field: str) -> None:
    switch = Switch(world)
    before = table_sizes(world.database)
    refused = switch.ask(operation, body)
    assert rc(refused) == (400, "30")
    assert refused.json()["field"] == field
    assert table_sizes(world.database) == before


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ref_id":"a","ref_id":"a"}', b"\xff{}", b'{"a":NaN}', b"x" * 70_000])
def test_a_body_that_is_no_object(world: World, body: bytes) -> None:
    switch = Switch(world)
    before = table_sizes(world.database)
    assert rc(switch.ask("inquiry", body)) == (400, "30")
    assert table_sizes(world.database) == before


def test_nobody_without_the_secret(world: World) -> None:
    switch = Switch(world)
    number = give_number(world.database, 1)
    for secret in ("", "kpp_" + "A" * 43, "kjs_" + "A" * 43, switch.secret[:-1]):
        with_it = switch.ask("inquiry", {"ref_id": "r", "customer_no": number}, secret=secret)
        assert rc(with_it) == (401, "58")
    assert rc(switch.inquire(number)) == (200, "00")
    with world.database.begin() as connection:
        revoke_aggregator(connection, "switch-1", NOW)
    assert rc(switch.inquire(number)) == (401, "58")


def test_payment_and_reversal_at_one_moment_agree(switch: Switch, number: str) -> None:
    """Whichever comes first: the money is either never taken, or taken and given back. Never kept while the till was told otherwise."""
    desk = PpobDesk(
        switch.world.database,
        MemberBiller(random.Random(1).randbytes(16).hex, PACKS_2026),
        lambda: switch.world.keys.blind_index,
        monotonic,
    )
    switch.inquire(number)
    barrier, told = Barrier(2), {}

    def send(operation: Operation, body: dict[str, Any]) -> None:
        barrier.wait()
        told[operation] = desk.answer(
            operation, switch.secret, json.dumps(body).encode(), NOW, desk.patience()
        ).case.code

    paying = Thread(
        target=send, args=(Operation.PAYMENT, {"ref_id": "r-1", "customer_no": number, "amount": ONE_MONTH})
    )
    undoing = Thread(target=send, args=(Operation.REVERSAL, {"ref_id": "r-1", "reason": "timeout"}))
    for thread in (paying, undoing):
        thread.start()
    for thread in (paying, undoing):
        thread.join()
    sizes = table_sizes(switch.world.database)
    assert sizes["payments"] == sizes["payment_reversals"]
    assert (told[Operation.PAYMENT], told[Operation.REVERSAL]) in {("00", "00"), ("22", "25")}
