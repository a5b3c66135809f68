# SPDX-License-Identifier: Apache-2.0
"""Orders and approvals: two people besides the one who orders, and a retry that changes nothing."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from cardservice.records import approvals, members, orders
from cardservice.records.database import Database
from cardservice.records.errors import (
    AlreadyApproved,
    ApproverIsOrderer,
    ConstraintRefused,
    IdempotencyConflict,
    RecordNotFound,
    StateConflict,
)
from cardservice.records.orders import OrderState
from tests.records import rows


@pytest.fixture
def order_id(database: Database) -> str:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        return rows.place_order(connection, 1, of_member=1)


def test_two_people_approve(database: Database, order_id: str) -> None:
    with database.begin() as connection:
        assert approvals.approve(connection, order_id, "budi", rows.NOW).state is OrderState.ORDERED
        assert approvals.approve(connection, order_id, "citra", rows.LATER).state is OrderState.APPROVED
        assert [each.approver for each in approvals.of_order(connection, order_id)] == ["budi", "citra"]
        with pytest.raises(StateConflict):
            approvals.approve(connection, order_id, "dewi", rows.LATER)


def test_nobody_approves_an_order_of_their_own(database: Database, order_id: str) -> None:
    with database.begin() as connection:
        with pytest.raises(ApproverIsOrderer):
            approvals.approve(connection, order_id, "ani", rows.NOW)
        assert approvals.of_order(connection, order_id) == ()  # and the transaction goes on


def test_nobody_approves_twice(database: Database, order_id: str) -> None:
    with database.begin() as connection:
        approvals.approve(connection, order_id, "budi", rows.NOW)
        with pytest.raises(AlreadyApproved):
            approvals.approve(connection, order_id, "budi", rows.LATER)
        assert orders.get(connection, order_id).state is OrderState.ORDERED


def insert_approval(database: Database, **changes: Any) -> None:
    row = {
        "member_id": rows.identifier("member", 1),
        "order_id": rows.identifier("order", 1),
        "approver": "budi",
        "ordered_by": "ani",
        "at": rows.NOW,
    }
    with database.begin() as connection:
        connection.execute(approvals.approvals.insert().values(row | changes))


@pytest.mark.usefixtures("order_id")
def test_sql_by_hand_can_not_lie_about_who_ordered(database: Database) -> None:
    """Who orders and approves would name somebody else as orderer: the foreign key knows better."""
    with pytest.raises(IntegrityError):
        insert_approval(database, approver="ani")
    with pytest.raises(IntegrityError):
        insert_approval(database, approver="ani", ordered_by="eko")
    insert_approval(database)


@pytest.mark.usefixtures("order_id")
def test_sabotage_a_database_without_the_check_lets_the_orderer_approve(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: drop the CHECK (SQLite, which can't, is told to ignore it)."""
    if database.engine.dialect.name == "postgresql":
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE approvals DROP CONSTRAINT ck_approvals_approver_is_not_orderer")
        insert_approval(database, approver="ani")
    else:
        monkeypatch.setattr(
            "cardservice.records.database.SQLITE_PRAGMAS",
            ("PRAGMA foreign_keys = ON", "PRAGMA ignore_check_constraints = ON"),
        )
        database.engine.dispose()
        insert_approval(database, approver="ani")
    with database.read() as connection:
        assert [each.approver for each in approvals.of_order(connection, rows.identifier("order", 1))] == ["ani"]


def place(database: Database, number: int, **changes: Any) -> orders.Order:
    wanted: dict[str, Any] = {
        "order_id": rows.identifier("order", number),
        "member_id": rows.identifier("member", 1),
        "ordered_by": "ani",
        "idempotency_key": "key",
        "request": {"member": 1},
        "at": rows.NOW,
    }
    with database.begin() as connection:
        return orders.place(connection, **(wanted | changes))


def test_a_retry_gets_the_first_order(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
    first = place(database, 1)
    assert place(database, 2, at=rows.LATER) == first


def test_a_retry_after_progress_gets_the_same_order_as_it_stands(database: Database, order_id: str) -> None:
    with database.begin() as connection:
        rows.approve(connection, order_id)
    again = place(database, 5, idempotency_key="order-1")
    assert (again.order_id, again.state) == (order_id, OrderState.APPROVED)


def test_another_request_under_the_same_key_is_refused(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
    place(database, 1)
    with pytest.raises(IdempotencyConflict):
        place(database, 2, request={"member": 1, "urgent": True})


def test_keys_of_different_people_do_not_meet(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
    assert place(database, 1).order_id != place(database, 2, ordered_by="eko").order_id


def test_an_order_for_nobody_is_refused(database: Database) -> None:
    with pytest.raises(ConstraintRefused):
        place(database, 1)


def test_an_unknown_order(database: Database) -> None:
    with database.begin() as connection:
        for act in (
            lambda: orders.get(connection, "0" * 32),
            lambda: approvals.approve(connection, "0" * 32, "budi", rows.NOW),
            lambda: orders.set_state(connection, "0" * 32, OrderState.ORDERED, OrderState.VOID, rows.NOW),
        ):
            with pytest.raises(RecordNotFound):
                act()


def test_the_work_list_has_the_oldest_first(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        first, second = (rows.place_order(connection, number, of_member=1) for number in (1, 2))
        approvals.approve(connection, first, "budi", rows.NOW)
        assert {order.order_id for order in orders.in_state(connection, OrderState.ORDERED)} == {first, second}
        rows.approve(connection, second)
        assert [order.order_id for order in orders.in_state(connection, OrderState.APPROVED)] == [second]
        assert {order.order_id for order in orders.of_member(connection, rows.identifier("member", 1))} == {
            first,
            second,
        }
