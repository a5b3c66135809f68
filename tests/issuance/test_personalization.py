# SPDX-License-Identifier: Apache-2.0
"""From an approved order to a live card, and what is written down on the way; torn at every APDU, it is finished or counted."""

import random
from collections.abc import Callable

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.tap import verify_tap
from cardservice.credentials import cover_proof
from cardservice.issuance.errors import CardForAnotherOrder, ChipNotBlank, ChipNotInStock, OrderNotReady
from cardservice.issuance.order import approve_order, place_order
from cardservice.issuance.personalization import IssuedCard
from cardservice.issuance.stock import count_stock, receive_chips
from cardservice.issuance.void import void_card
from cardservice.keys import Purpose
from cardservice.records import card_keys, cards, certificates, journal, orders, plans, standing
from cardservice.records.card_keys import KeyState
from cardservice.records.card_state import CardState
from cardservice.records.certificates import CertificateState
from cardservice.records.errors import AlreadyApproved, ApproverIsOrderer, IdempotencyConflict, MemberHasLiveCard
from cardservice.records.journal import Phase
from cardservice.records.orders import OrderState
from cardservice.records.standing import CardStatus
from tests.issuance.counter import Counter, chip_serial


def assert_live(counter: Counter, issued: IssuedCard, card: VirtualCard) -> None:
    """The card taps as the records say, under a cover proof of ours, and stands valid in every sector."""
    card.reset()
    with counter.bureau.database.read() as connection:
        faces = standing.of_card(connection, issued.card_id)
        row = cards.get(connection, issued.card_id)
    assert row.state is CardState.ACTIVE
    assert tuple(face.sector for face in faces) == counter.bureau.sectors
    keys = [counter.bureau.keys.signer(Purpose.COVER_PROOF).verifying_key]
    for face in faces:
        assert face.status is CardStatus.VALID
        presence = run(prove_presence(face.sector, b"walk", bytes(32)), card)
        proof = cover_proof.verify(presence.cover_proof, keys=keys, issuer="kjs", now=counter.bureau.now())
        assert proof.claims.subject == face.face
        assert (proof.claims.status_list, proof.claims.status_index) == (face.status_list, face.status_index)
        assert proof.claims.card_key == face.key_point
        verify_tap(face.key_point, sector_aid(face.sector), b"walk", bytes(32), presence.signature)


def test_an_approved_order_becomes_a_live_card(either_counter: Counter) -> None:
    counter = either_counter
    order, card = counter.approved_order("P-0001"), counter.blank_card()
    issued = counter.personalize(order, card)
    assert len(counter.scripts) == 3
    assert_live(counter, issued, card)
    with counter.bureau.database.read() as connection:
        assert orders.get(connection, order.order_id).state is OrderState.DONE
        assert plans.get(connection, order.order_id).objects_sealed is None
        assert {key.state for key in card_keys.of_card(connection, issued.card_id)} == {KeyState.CERTIFIED}
        assert {row.state for row in certificates.of_card(connection, issued.card_id)} == {CertificateState.ISSUED}
        steps = [(line.step, line.phase) for line in journal.of_card(connection, issued.card_id)]
    assert steps == [
        ("bind", Phase.OUTCOME),
        ("keys and applications", Phase.INTENT),
        ("certify", Phase.INTENT),
        ("certify", Phase.OUTCOME),
        ("write, read back, prove, secure", Phase.INTENT),
        ("active", Phase.OUTCOME),
    ]


def test_one_person_never_makes_a_card(counter: Counter) -> None:
    order = place_order(counter.bureau, member_ref="P-0001", ordered_by="ani", idempotency_key="one")
    with pytest.raises(ApproverIsOrderer):
        approve_order(counter.bureau, order_id=order.order_id, approver="ani")
    approve_order(counter.bureau, order_id=order.order_id, approver="budi")
    with pytest.raises(AlreadyApproved):
        approve_order(counter.bureau, order_id=order.order_id, approver="budi")
    with pytest.raises(OrderNotReady):
        counter.personalize(order, counter.blank_card())


def test_the_same_order_twice_is_one_order(counter: Counter) -> None:
    first = place_order(counter.bureau, member_ref="P-0001", ordered_by="ani", idempotency_key="same")
    again = place_order(counter.bureau, member_ref="P-0001", ordered_by="ani", idempotency_key="same")
    assert again.order_id == first.order_id
    with pytest.raises(IdempotencyConflict):
        place_order(counter.bureau, member_ref="P-0005", ordered_by="ani", idempotency_key="same")


def test_a_chip_that_nobody_delivered_is_refused(counter: Counter) -> None:
    with pytest.raises(ChipNotInStock):
        counter.personalize(counter.approved_order("P-0001"), counter.blank_card(in_stock=False))


def test_a_member_gets_one_live_card(counter: Counter) -> None:
    counter.personalize(counter.approved_order("P-0001"), counter.blank_card(1))
    second = counter.blank_card(2)
    with pytest.raises(MemberHasLiveCard):
        counter.personalize(counter.approved_order("P-0001"), second)
    assert count_stock(counter.bureau).stock == 1


def test_a_card_is_not_made_for_two_orders(counter: Counter) -> None:
    card = counter.blank_card()
    counter.personalize(counter.approved_order("P-0001"), card)
    card.reset()
    with pytest.raises(CardForAnotherOrder):
        counter.personalize(counter.approved_order("P-0005"), card)


def test_a_delivered_chip_that_holds_keys_already_is_refused(open_counter: Callable[[], Counter]) -> None:
    elsewhere, here = open_counter(), open_counter()
    card = elsewhere.blank_card()
    elsewhere.personalize(elsewhere.approved_order("P-0001"), card)
    card.reset()
    receive_chips(here.bureau, location="jakarta", chip_serials=[chip_serial(card)])
    with pytest.raises(ChipNotBlank):
        here.personalize(here.approved_order("P-0005"), card)


def apdus_of_a_clean_run(counter: Counter) -> int:
    class Counting:
        def __init__(self, card: VirtualCard) -> None:
            self.card, self.count = card, 0

        def transmit(self, command: bytes) -> bytes:
            self.count += 1
            return self.card.transmit(command)

    card = Counting(counter.blank_card(seed=999))
    counter.personalize(counter.approved_order("P-0001"), card)
    void_card(counter.bureau, chip_serial=chip_serial(card.card), by="ani", reason="test")
    return card.count


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER])
def test_torn_at_every_apdu_it_ends_live_and_correct(counter: Counter, mode: TearMode) -> None:
    total = apdus_of_a_clean_run(counter)
    assert total > 70
    again = random.Random(6)
    for at in range(1, total + 1):
        order, card = counter.approved_order("P-0001"), counter.blank_card(seed=at)
        card.image.arm(Tear(mode, at))
        with pytest.raises(CardTorn):
            counter.personalize(order, card)
        # Every seventh time the resumed run is torn too.
        card.reset()
        if at % 7 == 0:
            card.image.arm(Tear(mode, again.randrange(1, 60)))
            with pytest.raises(CardTorn):
                counter.personalize(order, card)
            card.reset()
        issued = counter.personalize(order, card)
        assert_live(counter, issued, card)
        card.reset()
        void_card(counter.bureau, chip_serial=issued.chip_serial, by="ani", reason="next try")
    stock = count_stock(counter.bureau)
    assert stock.missing == 0
    assert (stock.received, stock.revoked, stock.spoiled) == (total + 1, total + 1, 0)


def test_torn_wherever_the_records_move_it_ends_live_over_either_database(either_counter: Counter) -> None:
    """Every APDU is torn above; here, around those after which something is written down."""
    counter = either_counter
    for at in (1, 5, 23, 24, 60, 74):
        order, card = counter.approved_order("P-0001"), counter.blank_card(seed=at)
        card.image.arm(Tear(TearMode.AFTER, at))
        with pytest.raises(CardTorn):
            counter.personalize(order, card)
        card.reset()
        issued = counter.personalize(order, card)
        assert_live(counter, issued, card)
        card.reset()
        with pytest.raises(MemberHasLiveCard):
            counter.personalize(counter.approved_order("P-0001"), counter.blank_card(seed=1000 + at))
        void_card(counter.bureau, chip_serial=issued.chip_serial, by="ani", reason="next try")
    stock = count_stock(counter.bureau)
    assert (stock.received, stock.revoked, stock.stock, stock.missing) == (12, 6, 6, 0)


def test_a_torn_card_that_is_lost_is_counted_and_its_order_goes_to_another(either_counter: Counter) -> None:
    counter = either_counter
    order, lost = counter.approved_order("P-0001"), counter.blank_card(1)
    lost.image.arm(Tear(TearMode.AFTER, 60))
    with pytest.raises(CardTorn):
        counter.personalize(order, lost)
    lost.reset()
    other = counter.blank_card(2)
    with pytest.raises(CardForAnotherOrder):
        counter.personalize(order, other)
    other.reset()
    assert void_card(counter.bureau, chip_serial=chip_serial(lost), by="ani", reason="lost").state is CardState.SPOILED
    issued = counter.personalize(order, other)
    assert_live(counter, issued, other)
    stock = count_stock(counter.bureau)
    assert (stock.received, stock.live, stock.spoiled, stock.missing) == (2, 1, 1, 0)


def test_records_that_believe_in_other_keys_are_given_up_for_the_card(counter: Counter) -> None:
    order, card = counter.approved_order("P-0001"), counter.blank_card()
    card.image.arm(Tear(TearMode.BEFORE, 40))
    with pytest.raises(CardTorn):
        counter.personalize(order, card)
    # The card made other keys since (a second bureau began again and lost its answer).
    card.reset()
    with counter.bureau.database.read() as connection:
        (row,) = cards.of_order(connection, order.order_id)
        certified = [key for key in card_keys.of_card(connection, row.card_id) if key.state is KeyState.CERTIFIED]
    assert certified
    with counter.bureau.database.begin() as connection:
        for key in certified:
            card_keys.set_state(connection, key, KeyState.ABANDONED)
    card.image.arm(Tear(TearMode.AFTER, 45))
    with pytest.raises(CardTorn):
        counter.personalize(order, card)
    card.reset()
    issued = counter.personalize(order, card)
    assert_live(counter, issued, card)
