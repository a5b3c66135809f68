# SPDX-License-Identifier: Apache-2.0
"""Uniqueness by constraint: many writers at once leave one, on both databases; and without the constraint they do not."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from cardservice.records import approvals, card_keys, cards, journal, members, orders, standing, stock
from cardservice.records.card_state import CardState
from cardservice.records.database import Database
from cardservice.records.journal import Phase
from cardservice.records.orders import OrderState
from cardservice.records.tables import metadata
from tests.records import rows
from tests.records.parallel import CALLERS, race


def prepare_chips_for_one_member(database: Database) -> None:
    """One member, with an approved order for each of many chips: every caller has a right to bind its own chip."""
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        for number in range(CALLERS):
            rows.approve(connection, rows.place_order(connection, number, of_member=1))
        stock.receive(connection, "Bandung", [rows.chip(number) for number in range(CALLERS)], rows.NOW)


def bind_own_chip(database: Database, number: int) -> None:
    with database.begin() as connection:
        cards.bind(
            connection,
            rows.identifier("card", number),
            member_id=rows.identifier("member", 1),
            order_id=rows.identifier("order", number),
            kdd=rows.octets("kdd", number, 10),
            at=rows.NOW,
        )


def live_cards(database: Database) -> int:
    with database.read() as connection:
        return stock.count(connection).live


def test_one_live_card_per_member(database: Database) -> None:
    prepare_chips_for_one_member(database)
    assert race(lambda number: bind_own_chip(database, number)) == {"done": 1, "member-has-live-card": CALLERS - 1}
    assert live_cards(database) == 1


def test_sabotage_without_the_index_a_member_gets_many(database: Database) -> None:
    """Sabotage: drop the partial unique index."""
    prepare_chips_for_one_member(database)
    with database.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ux_cards_live_member")
    race(lambda number: bind_own_chip(database, number))
    assert live_cards(database) == CALLERS


def test_a_chip_is_taken_into_stock_once(database: Database) -> None:
    def receive(number: int) -> None:
        with database.begin() as connection:
            stock.receive(
                connection, "Bandung", [replace(rows.chip(1), card_id=rows.identifier("card", number))], rows.NOW
            )

    assert race(receive) == {"done": 1, "chip-exists": CALLERS - 1}
    with database.read() as connection:
        assert (stock.count(connection).received, stock.count(connection).missing) == (1, 0)


def test_two_orders_never_share_a_chip(database: Database) -> None:
    with database.begin() as connection:
        for number in range(CALLERS):
            members.add(connection, rows.member(number))
            rows.approve(connection, rows.place_order(connection, number, of_member=number))
        stock.receive(connection, "Bandung", [rows.chip(0)], rows.NOW)

    def bind(number: int) -> None:
        with database.begin() as connection:
            cards.bind(
                connection,
                rows.identifier("card", 0),
                member_id=rows.identifier("member", number),
                order_id=rows.identifier("order", number),
                kdd=rows.octets("kdd", 0, 10),
                at=rows.NOW,
            )

    assert race(bind) == {"done": 1, "state-conflict": CALLERS - 1}


def test_a_public_key_belongs_to_one_card(database: Database) -> None:
    with database.begin() as connection:
        bound = [rows.bind_card(connection, number) for number in range(CALLERS)]

    def add(number: int) -> None:
        with database.begin() as connection:
            card_keys.add(connection, rows.card_key(7, bound[number].card_id))

    assert race(add) == {"done": 1, "public-key-seen": CALLERS - 1}


@pytest.mark.parametrize("field", ["face", "key_thumbprint", "status_index"])
def test_a_face_key_and_status_place_belong_to_one_row(database: Database, field: str) -> None:
    with database.begin() as connection:
        bound = [rows.bind_card(connection, number) for number in range(CALLERS)]
    shared = getattr(rows.standing_of(99, bound[0].card_id, 0), field)

    def add(number: int) -> None:
        own = replace(rows.standing_of(number, bound[number].card_id, number), **{field: shared})
        with database.begin() as connection:
            standing.add(connection, own)

    assert race(add) == {"done": 1, "standing-conflict": CALLERS - 1}


def test_the_same_order_many_times_is_one_order(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
    answers: set[str] = set()

    def order(number: int) -> None:
        with database.begin() as connection:
            answers.add(
                orders.place(
                    connection,
                    order_id=rows.identifier("order", number),
                    member_id=rows.identifier("member", 1),
                    ordered_by="ani",
                    idempotency_key="same",
                    request={"member": 1},
                    at=rows.NOW,
                ).order_id
            )

    assert race(order) == {"done": CALLERS}
    assert len(answers) == 1
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(metadata.tables["orders"])) == 1


def test_other_orders_under_one_key_are_refused_but_for_one(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))

    def order(number: int) -> None:
        with database.begin() as connection:
            orders.place(
                connection,
                order_id=rows.identifier("order", number),
                member_id=rows.identifier("member", 1),
                ordered_by="ani",
                idempotency_key="same",
                request={"reason": number},
                at=rows.NOW,
            )

    assert race(order) == {"done": 1, "idempotency-conflict": CALLERS - 1}


def test_two_approvals_at_once_approve(database: Database) -> None:
    """Without the lock on the order each would count its own approval only, and the order would wait for ever."""
    for number in range(8):
        with database.begin() as connection:
            members.add(connection, rows.member(number))
            order_id = rows.place_order(connection, number, of_member=number)

        def approve(caller: int, order_id: str = order_id) -> None:
            with database.begin() as connection:
                approvals.approve(connection, order_id, ("budi", "citra")[caller], rows.NOW)

        assert race(approve, callers=2) == {"done": 2}
        with database.read() as connection:
            assert orders.get(connection, order_id).state is OrderState.APPROVED


def test_one_move_of_a_state_wins(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.activate_card(connection, 1).card_id

    def suspend(_number: int) -> None:
        with database.begin() as connection:
            cards.set_state(connection, card_id, CardState.ACTIVE, CardState.SUSPENDED, rows.LATER)

    assert race(suspend) == {"done": 1, "state-conflict": CALLERS - 1}


def test_the_journal_of_a_card_has_no_gaps_and_no_doubles(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.bind_card(connection, 1)

    def write(number: int) -> None:
        with database.begin() as connection:
            journal.append(
                connection,
                bound.card_id,
                order_id=bound.order_id,
                step=f"step-{number}",
                phase=Phase.INTENT,
                detail={},
                at=rows.NOW,
            )

    outcomes = race(write)
    assert set(outcomes) <= {"done", "journal-conflict"}
    with database.read() as connection:
        written = journal.of_card(connection, bound.card_id)
    assert [entry.seq for entry in written] == list(range(1, outcomes["done"] + 1))
