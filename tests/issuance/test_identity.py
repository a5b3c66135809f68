# SPDX-License-Identifier: Apache-2.0
"""Whom the population registry knows otherwise gets no new card; whom it has not answered about does."""

from collections.abc import Callable

import pytest

from cardservice.enrolment import population_question
from cardservice.issuance import order as module
from cardservice.issuance.errors import IdentityMismatch
from cardservice.issuance.order import approve_order, place_order
from cardservice.records import approvals, members, orders, population_checks
from cardservice.records.orders import Order, OrderState
from cardservice.records.population_checks import PopulationAnswer, PopulationState
from tests.issuance.counter import START, Counter

REF = "P-0001"
Answering = Callable[[PopulationState], None]


@pytest.fixture
def answered(counter: Counter) -> Answering:
    """The registry's answer about the member."""

    def answer(state: PopulationState) -> None:
        with counter.bureau.database.begin() as connection:
            member = members.find_by_ref(connection, REF)
            assert member is not None
            population_checks.reopen(connection, member.member_id, START)
            claim_id = counter.bureau.identifier()
            population_checks.claim(connection, claim_id=claim_id, now=START, until=counter.bureau.now(), limit=1_000)
            kept = PopulationAnswer(state, {}, bytes(16), START)
            assert population_checks.settle(connection, member.member_id, claim_id, kept)

    return answer


def ordered(counter: Counter, key: str = "one") -> Order:
    return place_order(counter.bureau, member_ref=REF, ordered_by="ani", idempotency_key=key)


def test_a_provisional_and_a_verified_member_get_a_card(counter: Counter, answered: Answering) -> None:
    assert ordered(counter).state is OrderState.ORDERED
    answered(PopulationState.VERIFIED)
    assert ordered(counter, "two").state is OrderState.ORDERED


def test_a_member_whom_the_registry_knows_otherwise_is_refused_and_nothing_is_ordered(
    counter: Counter, answered: Answering
) -> None:
    answered(PopulationState.MISMATCH)
    with pytest.raises(IdentityMismatch) as refused:
        ordered(counter)
    assert refused.value.evidence == {"state": "MISMATCH"}
    with counter.bureau.database.read() as connection:
        assert orders.in_state(connection, OrderState.ORDERED) == ()


def test_an_answer_that_came_after_the_order_stops_its_approval(counter: Counter, answered: Answering) -> None:
    order = ordered(counter)
    approve_order(counter.bureau, order_id=order.order_id, approver="budi")
    answered(PopulationState.MISMATCH)
    with pytest.raises(IdentityMismatch):
        approve_order(counter.bureau, order_id=order.order_id, approver="citra")
    with counter.bureau.database.read() as connection:
        assert orders.get(connection, order.order_id).state is OrderState.ORDERED
        assert [each.approver for each in approvals.of_order(connection, order.order_id)] == ["budi"]
    answered(PopulationState.VERIFIED)
    assert approve_order(counter.bureau, order_id=order.order_id, approver="citra").state is OrderState.APPROVED


def test_a_retry_gets_the_order_that_was_placed_whatever_the_registry_says_since(
    counter: Counter, answered: Answering
) -> None:
    order = ordered(counter)
    answered(PopulationState.MISMATCH)
    assert ordered(counter) == order


def test_sabotage_an_order_that_does_not_ask_is_placed(
    counter: Counter, answered: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(PopulationState.MISMATCH)
    monkeypatch.setattr(population_question, "population_state", lambda *_: PopulationState.PROVISIONAL)
    assert ordered(counter).state is OrderState.ORDERED
    monkeypatch.undo()
    monkeypatch.setattr(module, "_demand_entitled", lambda *_: None)
    assert ordered(counter, "two").state is OrderState.ORDERED
