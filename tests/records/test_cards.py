# SPDX-License-Identifier: Apache-2.0
"""Cards and stock: states by compare and set, the standing that follows, the equation that accounts for every chip."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from cardservice.records import cards, members, standing, stock
from cardservice.records.card_state import LIVE, CardState
from cardservice.records.database import Database
from cardservice.records.errors import (
    ChipExists,
    ConstraintRefused,
    MemberHasLiveCard,
    RecordNotFound,
    StandingConflict,
    StateConflict,
)
from cardservice.records.paid_record import PaidRecord
from cardservice.records.standing import CardStatus
from tests.records import rows


def test_state_moves_only_from_the_state_it_is_in(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.bind_card(connection, 1)
        with pytest.raises(StateConflict) as refused:
            cards.set_state(connection, bound.card_id, CardState.PERSONALIZED, CardState.ACTIVE, rows.NOW)
        assert refused.value.evidence["expected"] == "PERSONALIZED"
        assert refused.value.evidence["found"] == "BOUND"
        with pytest.raises(RecordNotFound):
            cards.set_state(connection, rows.identifier("card", 404), CardState.STOCK, CardState.BOUND, rows.NOW)
        assert cards.get(connection, bound.card_id).state is CardState.BOUND


@pytest.mark.parametrize("state", CardState)
def test_a_face_is_valid_while_its_card_is_active_and_never_else(database: Database, state: CardState) -> None:
    with database.begin() as connection:
        card_id = rows.activate_card(connection, 1).card_id
        assert standing.get(connection, card_id, 1).status is CardStatus.VALID
        if state is CardState.STOCK:
            with pytest.raises(ConstraintRefused):
                cards.set_state(connection, card_id, CardState.ACTIVE, state, rows.LATER)
            return
        cards.set_state(connection, card_id, CardState.ACTIVE, state, rows.LATER)
        face = standing.get(connection, card_id, 1)
    assert (face.life_cycle, face.status is CardStatus.VALID) == (state, state is CardState.ACTIVE)


def test_no_hand_made_row_is_valid_without_being_active(database: Database) -> None:
    with database.begin() as connection:
        rows.activate_card(connection, 1)
    table = standing.card_standing
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(update(table).values(life_cycle=CardState.SUSPENDED))


def test_a_member_gets_a_second_card_after_the_first_is_revoked(database: Database) -> None:
    with database.begin() as connection:
        first = rows.activate_card(connection, 1)
        rows.approve(connection, rows.place_order(connection, 2, of_member=1))
        stock.receive(connection, "Bandung", [rows.chip(2)], rows.NOW)

        def bind_second() -> None:
            cards.bind(
                connection,
                rows.identifier("card", 2),
                member_id=first.member_id,
                order_id=rows.identifier("order", 2),
                kdd=rows.octets("kdd", 2, 10),
                at=rows.LATER,
            )

        with pytest.raises(MemberHasLiveCard):
            bind_second()
        cards.set_state(connection, first.card_id, CardState.ACTIVE, CardState.REVOKED, rows.LATER)
        bind_second()
        live = cards.live_of_member(connection, first.member_id)
        assert live is not None
        assert live.card_id == rows.identifier("card", 2)
        with pytest.raises(MemberHasLiveCard):  # nor does the first come back beside it
            cards.set_state(connection, first.card_id, CardState.REVOKED, CardState.ACTIVE, rows.LATER)
        assert len(cards.of_member(connection, first.member_id)) == 2


def test_cards_are_found_by_what_the_card_tells(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        by_kdd = cards.find_by_kdd(connection, rows.octets("kdd", 1, 10))
        by_serial = cards.find_by_chip_serial(connection, rows.chip(1).chip_serial)
        assert by_kdd == by_serial == cards.get(connection, card_id)
        assert cards.find_by_kdd(connection, bytes(10)) is None


def test_two_chips_never_share_key_diversification_data(database: Database) -> None:
    """Their static keys would be the same."""
    twin = cards.NewCard(rows.identifier("card", 2), "ANOTHER", rows.chip(1).kdd)
    with database.begin() as connection:
        stock.receive(connection, "Bandung", [rows.chip(1)], rows.NOW)
    with pytest.raises(ChipExists), database.begin() as connection:
        stock.receive(connection, "Bandung", [twin], rows.NOW)


def test_a_delivery_comes_in_whole_or_not_at_all(database: Database) -> None:
    with database.begin() as connection:
        stock.receive(connection, "Bandung", [rows.chip(3)], rows.NOW)
    with pytest.raises(ChipExists) as refused, database.begin() as connection:
        stock.receive(connection, "Bandung", [rows.chip(1), rows.chip(2), rows.chip(3)], rows.NOW)
    assert refused.value.evidence == {"chip_serial": rows.chip(3).chip_serial}
    with database.read() as connection:
        assert stock.count(connection).received == 1


def test_stock_equation_holds_for_every_state(database: Database) -> None:
    with database.begin() as connection:
        for number, state in enumerate(each for each in CardState if each is not CardState.STOCK):
            card_id = rows.activate_card(connection, number).card_id
            cards.set_state(connection, card_id, CardState.ACTIVE, state, rows.LATER)
        stock.receive(connection, "Medan", [rows.chip(100), rows.chip(101)], rows.NOW)
        everywhere, medan = stock.count(connection), stock.count(connection, "Medan")
    assert (everywhere.received, everywhere.live, everywhere.stock, everywhere.missing) == (9, len(LIVE), 2, 0)
    assert (medan.received, medan.stock, medan.missing) == (2, 2, 0)


def test_a_card_that_nobody_delivered_shows(database: Database) -> None:
    """Sabotage: a card slips in beside stock.receive()."""
    with database.begin() as connection:
        stock.receive(connection, "Bandung", [rows.chip(1)], rows.NOW)
        cards.add_to_stock(connection, rows.chip(2), "Bandung", rows.NOW)
        assert stock.count(connection).missing == -1


def test_standing_comes_back_as_it_went_in(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.bind_card(connection, 1)
        faces = [rows.standing_of(sector, bound.card_id, 1, sector=sector) for sector in (1, 16, 112)]
        for face in faces:
            standing.add(connection, face)
        assert list(standing.of_card(connection, bound.card_id)) == faces
        assert standing.find_by_key(connection, faces[1].key_thumbprint) == faces[1]
        assert standing.find_by_key(connection, bytes(32)) is None
        assert standing.status_list(connection, 0) == tuple((sector, CardStatus.INVALID) for sector in (1, 16, 112))
        with pytest.raises(StandingConflict) as refused:
            standing.add(connection, rows.standing_of(5, bound.card_id, 1, sector=1))
        assert refused.value.evidence == {"field": "sector"}


def test_what_was_paid_reaches_every_face_of_the_member_and_nobody_else(database: Database) -> None:
    unpaid = PaidRecord(rows.PAID.programmes, {}, rows.PAID.work_sector, rows.PAID.payer)
    with database.begin() as connection:
        mine, other = rows.activate_card(connection, 1), rows.activate_card(connection, 2)
        standing.add(connection, rows.standing_of(3, mine.card_id, 1, sector=16))
        assert standing.set_paid(connection, mine.member_id, unpaid, rows.LATER) == 2
        assert [face.paid for face in standing.of_card(connection, mine.card_id)] == [unpaid, unpaid]
        assert [face.paid for face in standing.of_card(connection, other.card_id)] == [rows.PAID]
        assert members.get(connection, mine.member_id) == rows.member(1)
