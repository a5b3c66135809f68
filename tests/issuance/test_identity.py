# SPDX-License-Identifier: Apache-2.0
"""Whom the population registry knows otherwise gets no card, at whichever step it says so; a person who has seen a document may go on."""

import pytest

from cardservice.enrolment.population_question import accept_difference, recheck
from cardservice.issuance import binding, certification, personalization
from cardservice.issuance import order as ordering
from cardservice.issuance.errors import IdentityMismatch
from cardservice.issuance.order import approve_order, place_order
from cardservice.issuance.personalization import Personalization
from cardservice.records import approvals, audit_events, cards, certificates, members, orders, population_checks
from cardservice.records.card_state import CardState
from cardservice.records.certificates import CertificateState
from cardservice.records.errors import ApproverIsOrderer
from cardservice.records.orders import Order, OrderState
from cardservice.records.population_acceptances import SeenDocument
from cardservice.records.population_checks import PopulationAnswer, PopulationState
from tests.issuance.counter import START, Counter

REF = "P-0001"
STEPS = {"prepared": personalization, "bound": binding, "certified": certification, "activated": personalization}


def answered(counter: Counter, state: PopulationState) -> None:
    """The registry's answer about the member."""
    with counter.bureau.database.begin() as connection:
        member = members.find_by_ref(connection, REF)
        assert member is not None
        population_checks.reopen(connection, member.member_id, START)
        claim_id = counter.bureau.identifier()
        population_checks.claim(connection, claim_id=claim_id, now=START, until=counter.bureau.now(), limit=1_000)
        kept = PopulationAnswer(state, {}, bytes(16), START)
        assert population_checks.settle(connection, member.member_id, claim_id, kept)


def ordered(counter: Counter, key: str = "one") -> Order:
    return place_order(counter.bureau, member_ref=REF, ordered_by="ani", idempotency_key=key)


def accept(counter: Counter, by: str = "dewi") -> None:
    with counter.bureau.database.begin() as connection:
        accept_difference(connection, REF, by=by, seen=SeenDocument.IDENTITY_CARD, at=counter.bureau.now())


def test_a_provisional_and_a_verified_member_get_a_card(counter: Counter) -> None:
    assert ordered(counter).state is OrderState.ORDERED
    answered(counter, PopulationState.VERIFIED)
    assert ordered(counter, "two").state is OrderState.ORDERED


def test_a_member_whom_the_registry_knows_otherwise_is_refused_and_nothing_is_ordered(either_counter: Counter) -> None:
    counter = either_counter
    answered(counter, PopulationState.MISMATCH)
    with pytest.raises(IdentityMismatch) as refused:
        ordered(counter)
    assert refused.value.evidence == {"state": "DIFFERS"}
    with counter.bureau.database.read() as connection:
        assert orders.in_state(connection, OrderState.ORDERED) == ()


def test_an_answer_that_came_after_the_order_stops_its_approval(counter: Counter) -> None:
    order = ordered(counter)
    approve_order(counter.bureau, order_id=order.order_id, approver="budi")
    answered(counter, PopulationState.MISMATCH)
    with pytest.raises(IdentityMismatch):
        approve_order(counter.bureau, order_id=order.order_id, approver="citra")
    with counter.bureau.database.read() as connection:
        assert orders.get(connection, order.order_id).state is OrderState.ORDERED
        assert [each.approver for each in approvals.of_order(connection, order.order_id)] == ["budi"]
    answered(counter, PopulationState.VERIFIED)
    assert approve_order(counter.bureau, order_id=order.order_id, approver="citra").state is OrderState.APPROVED


def test_a_retry_gets_the_order_that_was_placed_whatever_the_registry_says_since(counter: Counter) -> None:
    order = ordered(counter)
    answered(counter, PopulationState.MISMATCH)
    assert ordered(counter) == order


def answer_at(counter: Counter, monkeypatch: pytest.MonkeyPatch, step: str, state: PopulationState) -> None:
    """Have the registry answer just before a step, once."""
    names = {"bound": "bind_chip", "certified": "certify"}
    if step == "prepared":
        answered(counter, state)
        return
    if step == "activated":
        real_activate = Personalization._activate

        def activate(*given: object) -> object:
            monkeypatch.setattr(Personalization, "_activate", real_activate)
            answered(counter, state)
            return real_activate(*given)  # type: ignore[arg-type]  # handed on

        monkeypatch.setattr(Personalization, "_activate", activate)
        return
    real = getattr(personalization, names[step])

    def late(*given: object, **more: object) -> object:
        monkeypatch.setattr(personalization, names[step], real)
        answered(counter, state)
        return real(*given, **more)

    monkeypatch.setattr(personalization, names[step], late)


@pytest.mark.parametrize("step", STEPS)
def test_an_answer_after_both_approvals_stops_the_card_until_a_person_has_looked(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    order, card = counter.approved_order(REF), counter.blank_card()
    answer_at(counter, monkeypatch, step, PopulationState.MISMATCH)
    with pytest.raises(IdentityMismatch):
        counter.personalize(order, card)
    with counter.bureau.database.read() as connection:
        made = cards.of_order(connection, order.order_id)
        signed = [
            row
            for each in made
            for row in certificates.of_card(connection, each.card_id)
            if row.state is CertificateState.ISSUED
        ]
        kinds = [each.event.kind for each in audit_events.of_member(connection, order.member_id)]
    assert not [each for each in made if each.state is CardState.ACTIVE]
    assert bool(signed) == (step == "activated")
    assert kinds[-1] == "order.held"
    # Asking again does not make it undone, nor does trying again, nor the word of the one who ordered.
    with counter.bureau.database.begin() as connection:
        recheck(connection, REF, by="ani", at=counter.bureau.now())
    card.reset()
    with pytest.raises(IdentityMismatch) as refused:
        counter.personalize(order, card)
    assert refused.value.evidence == {"state": "ASKED_AGAIN"}
    answered(counter, PopulationState.MISMATCH)
    accept(counter, by="dewi")
    card.reset()
    issued = counter.personalize(order, card)
    with counter.bureau.database.read() as connection:
        assert cards.get(connection, issued.card_id).state is CardState.ACTIVE


def test_who_ordered_the_card_does_not_answer_for_its_holder(either_counter: Counter) -> None:
    counter = either_counter
    order, card = counter.approved_order(REF), counter.blank_card()
    answered(counter, PopulationState.MISMATCH)
    accept(counter, by="ani")
    with pytest.raises(ApproverIsOrderer):
        counter.personalize(order, card)


def test_new_data_end_a_person_s_word(counter: Counter) -> None:
    answered(counter, PopulationState.MISMATCH)
    accept(counter)
    assert ordered(counter).state is OrderState.ORDERED
    with counter.bureau.database.begin() as connection:
        recheck(connection, REF, by="ani", at=START)
    with pytest.raises(IdentityMismatch):
        ordered(counter, "two")


@pytest.mark.parametrize("step", STEPS)
def test_sabotage_a_step_that_does_not_ask_goes_on(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Sabotage: no step asks; whenever the registry answers, the card is made."""
    for each in {ordering, *STEPS.values()}:
        monkeypatch.setattr(each, "demand_identity", lambda *_: None)
    order, card = counter.approved_order(REF), counter.blank_card()
    answer_at(counter, monkeypatch, step, PopulationState.MISMATCH)
    issued = counter.personalize(order, card)
    with counter.bureau.database.read() as connection:
        assert cards.get(connection, issued.card_id).state is CardState.ACTIVE
