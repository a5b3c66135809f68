# SPDX-License-Identifier: Apache-2.0
"""Approvals of orders, by two people: nobody their own order, nobody twice, by constraint."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Connection, ForeignKeyConstraint, String, Table, select

from cardservice.records import orders
from cardservice.records.columns import UtcTime, identifier, metadata
from cardservice.records.constraints import refusing
from cardservice.records.errors import AlreadyApproved, ApproverIsOrderer, StateConflict
from cardservice.records.orders import Order, OrderState

APPROVALS_NEEDED = 2

approvals = Table(
    "approvals",
    metadata,
    identifier("member_id", primary_key=True),
    identifier("order_id", primary_key=True),
    Column("approver", String(orders.MAX_PERSON), primary_key=True),
    Column("ordered_by", String(orders.MAX_PERSON), nullable=False),
    Column("at", UtcTime, nullable=False),
    # ordered_by can't be told wrong here: the three columns together point at the order.
    ForeignKeyConstraint(
        ["member_id", "order_id", "ordered_by"],
        ["orders.member_id", "orders.order_id", "orders.ordered_by"],
        name="fk_approvals_order",
    ),
    CheckConstraint("approver <> ordered_by", name="approver_is_not_orderer"),
)


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to an order of somebody else."""

    order_id: str
    approver: str
    at: datetime


def approve(connection: Connection, order_id: str, approver: str, at: datetime) -> Order:
    """Record one approval; the second one, by another person, makes the order APPROVED. Returns the order as it stands then.

    Raises ApproverIsOrderer, AlreadyApproved, StateConflict (not ORDERED any more), RecordNotFound.
    """
    # The lock lets the second of two approvals at once see the first; SQLite has one writer anyway.
    order = orders.get(connection, order_id, for_update=True)
    if order.state is not OrderState.ORDERED:
        raise StateConflict(record="order", expected=OrderState.ORDERED.value, found=order.state.value)
    refused = {
        "ck_approvals_approver_is_not_orderer": ApproverIsOrderer(order_id=order_id),
        "pk_approvals": AlreadyApproved(order_id=order_id),
    }
    row = {
        "member_id": order.member_id,
        "order_id": order_id,
        "approver": approver,
        "ordered_by": order.ordered_by,
        "at": at,
    }
    with refusing(connection, refused):
        connection.execute(approvals.insert().values(row))
    if len(of_order(connection, order_id)) >= APPROVALS_NEEDED:
        orders.set_state(connection, order_id, OrderState.ORDERED, OrderState.APPROVED, at)
    return orders.get(connection, order_id)


def of_order(connection: Connection, order_id: str) -> tuple[Approval, ...]:
    """Who approved, in order."""
    query = select(approvals).where(approvals.c.order_id == order_id).order_by(approvals.c.at, approvals.c.approver)
    return tuple(Approval(row.order_id, row.approver, row.at) for row in connection.execute(query))
