# SPDX-License-Identifier: Apache-2.0
"""Orders for cards: placed once per idempotency key, and moved from state to state by compare and set."""

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    RowMapping,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    select,
    update,
)

from cardservice.records.canonical_json import Json, canonical_json
from cardservice.records.columns import Choice, Identifier, UtcTime, identifier, metadata, octets, octets_in, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import ConstraintRefused, IdempotencyConflict, RecordNotFound, StateConflict

MAX_PERSON = 64
MAX_IDEMPOTENCY_KEY = 128


class OrderState(StrEnum):
    """Where an order stands."""

    ORDERED = "ORDERED"
    APPROVED = "APPROVED"
    BOUND = "BOUND"
    DONE = "DONE"
    VOID = "VOID"


orders = Table(
    "orders",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    identifier("order_id", primary_key=True),
    Column("state", Choice(OrderState), nullable=False),
    Column("ordered_by", String(MAX_PERSON), nullable=False),
    Column("idempotency_key", String(MAX_IDEMPOTENCY_KEY), nullable=False),
    octets("request_fingerprint", 32),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("order_id"),
    UniqueConstraint("member_id", "order_id", "ordered_by"),
    # Per person: nobody learns from a conflict what keys somebody else has used.
    UniqueConstraint("ordered_by", "idempotency_key"),
    one_of("state", OrderState),
    octets_in("request_fingerprint", 32),
)


@dataclass(frozen=True, slots=True)
class Order:
    """One row, but for the fingerprint."""

    order_id: str
    member_id: str
    state: OrderState
    ordered_by: str
    idempotency_key: str
    created_at: datetime
    updated_at: datetime


# Built once: building a statement costs more than running it.
_BY_ID = select(*(orders.c[each.name] for each in fields(Order))).where(orders.c.order_id == bindparam("order"))
_BY_ID_FOR_UPDATE = _BY_ID.with_for_update()
_SET_STATE = (
    update(orders)
    .where(orders.c.order_id == bindparam("order"), orders.c.state == bindparam("before"))
    .values(state=bindparam("after"), updated_at=bindparam("at"))
)


def request_fingerprint(request: Json) -> bytes:
    """SHA-256 over the canonical form of what was asked: tells a retry from another request under the same key."""
    return hashlib.sha256(canonical_json(request)).digest()


def place(
    connection: Connection,
    *,
    order_id: str,
    member_id: str,
    ordered_by: str,
    idempotency_key: str,
    request: Json,
    at: datetime,
) -> Order:
    """Place an order once per (ordered_by, idempotency_key): a retry gets the first order, whatever ``order_id`` it brought.

    Raises IdempotencyConflict if the key was used for another request, ConstraintRefused for an unknown member.
    """
    values: dict[str, Any] = {
        "order_id": order_id,
        "member_id": member_id,
        "state": OrderState.ORDERED,
        "ordered_by": ordered_by,
        "idempotency_key": idempotency_key,
        "request_fingerprint": request_fingerprint(request),
        "created_at": at,
        "updated_at": at,
    }
    try:
        with refusing(connection, {}):
            connection.execute(orders.insert().values(values))
    except ConstraintRefused as refused:
        # Insert first and look afterwards: the other way round, two retries at once would both find nothing.
        return _first_answer(connection, values, refused)
    return get(connection, order_id)


def set_state(connection: Connection, order_id: str, before: OrderState, after: OrderState, at: datetime) -> None:
    """Compare and set. Raises StateConflict, RecordNotFound."""
    done = connection.execute(_SET_STATE, {"order": order_id, "before": before, "after": after, "at": at})
    if done.rowcount != 1:
        raise StateConflict(record="order", expected=before.value, found=get(connection, order_id).state.value)


def get(connection: Connection, order_id: str, *, for_update: bool = False) -> Order:
    """One order; ``for_update`` keeps others from changing it until the transaction ends. Raises RecordNotFound."""
    row = connection.execute(_BY_ID_FOR_UPDATE if for_update else _BY_ID, {"order": order_id}).one_or_none()
    if row is None:
        raise RecordNotFound(record="order")
    return Order(*row)


def of_member(connection: Connection, member_id: str) -> tuple[Order, ...]:
    """Every order for a member, oldest first."""
    query = select(orders).where(orders.c.member_id == member_id).order_by(orders.c.created_at, orders.c.order_id)
    return tuple(_order(row) for row in connection.execute(query).mappings())


def in_state(connection: Connection, state: OrderState, limit: int = 100) -> tuple[Order, ...]:
    """The oldest orders in a state: the work list of a counter."""
    query = select(orders).where(orders.c.state == state).order_by(orders.c.created_at, orders.c.order_id).limit(limit)
    return tuple(_order(row) for row in connection.execute(query).mappings())


def _first_answer(connection: Connection, values: dict[str, Any], refused: ConstraintRefused) -> Order:
    query = select(orders).where(
        orders.c.ordered_by == values["ordered_by"], orders.c.idempotency_key == values["idempotency_key"]
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise refused
    if row["request_fingerprint"] != values["request_fingerprint"]:
        raise IdempotencyConflict(idempotency_key=values["idempotency_key"])
    return _order(row)


def _order(row: RowMapping) -> Order:
    return Order(**{name: value for name, value in row.items() if name != "request_fingerprint"})
