# SPDX-License-Identifier: Apache-2.0
"""Plans: every object that an order will write to its card, sealed, and wiped when the card is active."""

from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    LargeBinary,
    Table,
    bindparam,
    select,
    update,
)

from cardservice.records.columns import UtcTime, identifier, metadata, octets, octets_in
from cardservice.records.constraints import refusing_one
from cardservice.records.errors import PlanConflict, RecordNotFound

plans = Table(
    "plans",
    metadata,
    identifier("member_id", primary_key=True),
    identifier("order_id", primary_key=True),
    octets("plan_hash", 32),
    Column("objects_sealed", LargeBinary, nullable=True),
    Column("created_at", UtcTime, nullable=False),
    Column("wiped_at", UtcTime, nullable=True),
    ForeignKeyConstraint(["member_id", "order_id"], ["orders.member_id", "orders.order_id"], name="fk_plans_order"),
    octets_in("plan_hash", 32),
    CheckConstraint("(objects_sealed IS NULL) = (wiped_at IS NOT NULL)", name="wiped_means_gone"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be written, and its hash (32 bytes). ``objects_sealed`` is None once wiped; the hash stays."""

    member_id: str
    order_id: str
    plan_hash: bytes
    objects_sealed: bytes | None = field(repr=False)
    created_at: datetime
    wiped_at: datetime | None = None


# Built once: building a statement costs more than running it.
_COLUMNS = tuple(each.name for each in fields(Plan))
_STORE = plans.insert()
_OF_ORDER = select(*(plans.c[name] for name in _COLUMNS)).where(plans.c.order_id == bindparam("order"))
_WIPE = (
    update(plans)
    .where(plans.c.order_id == bindparam("order"), plans.c.wiped_at.is_(None))
    .values(objects_sealed=None, wiped_at=bindparam("at"))
)


def store(connection: Connection, plan: Plan) -> Plan:
    """Store the plan of an order once; the same plan again changes nothing. Raises PlanConflict for another one."""
    taken = PlanConflict(order_id=plan.order_id)
    try:
        with refusing_one(connection, {"pk_plans": taken}):
            connection.execute(_STORE, {name: getattr(plan, name) for name in _COLUMNS})
    except PlanConflict:
        stored = get(connection, plan.order_id)
        if stored.plan_hash != plan.plan_hash:
            raise
        return stored
    return plan


def get(connection: Connection, order_id: str) -> Plan:
    """The plan of an order. Raises RecordNotFound."""
    found = find(connection, order_id)
    if found is None:
        raise RecordNotFound(record="plan")
    return found


def find(connection: Connection, order_id: str) -> Plan | None:
    """The plan of an order, if there is one."""
    row = connection.execute(_OF_ORDER, {"order": order_id}).one_or_none()
    return None if row is None else Plan(*row)


def wipe(connection: Connection, order_id: str, at: datetime) -> None:
    """Forget the objects, keep the hash; wiping twice changes nothing. Raises RecordNotFound."""
    done = connection.execute(_WIPE, {"order": order_id, "at": at})
    if done.rowcount != 1:
        get(connection, order_id)
