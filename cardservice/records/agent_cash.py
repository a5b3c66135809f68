# SPDX-License-Identifier: Apache-2.0
"""Agents' cash: on which terms an agent takes it, the receipts given for it, and what was remitted. Receipts and remittances are append-only.

An agent's receipts are numbered 1, 2, 3, ... without gaps: the next number is given while the agent's row is locked, and none is ever deleted.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
    update,
)

from cardservice.records.cash_reversals import MAX_CASH_REFERENCE, cash_receipt_voids, cash_remittance_bounces
from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, one_of
from cardservice.records.constraints import refusing
from cardservice.records.errors import IdempotencyConflict, RecordNotFound
from cardservice.records.insert import insert_into


class Stop(StrEnum):
    """Why an agent takes no new cash."""

    TOO_MUCH = "TOO_MUCH"  # more collected and not remitted than the terms allow
    TOO_LONG = "TOO_LONG"  # the oldest of it has waited longer than the terms allow
    INACTIVE = "INACTIVE"  # no cash for so many months


cash_agents = Table(
    "cash_agents",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("intermediaries.intermediary_id"), primary_key=True),
    Column("rate_bp", Integer, nullable=False),
    Column("agent_share_bp", Integer, nullable=False),
    Column("most_rupiah", BigInteger, nullable=False),
    Column("most_days", Integer, nullable=False),
    Column("inactive_months", Integer, nullable=False),
    Column("registered_at", UtcTime, nullable=False),
    Column("resumed_at", UtcTime, nullable=True),
    Column("stopped_at", UtcTime, nullable=True),
    Column("stopped_for", Choice(Stop), nullable=True),
    one_of("stopped_for", Stop),
    CheckConstraint("rate_bp BETWEEN 0 AND 10000 AND agent_share_bp BETWEEN 0 AND 10000", name="basis_points"),
    CheckConstraint("most_rupiah > 0 AND most_days > 0 AND inactive_months > 0", name="limits_positive"),
    CheckConstraint("(stopped_at IS NULL) = (stopped_for IS NULL)", name="stopped_for_something"),
)

cash_receipts = Table(
    "cash_receipts",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("cash_agents.intermediary_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reference", String(MAX_CASH_REFERENCE), nullable=False),
    Column("member_id", Identifier, ForeignKey("members.member_id"), nullable=False),
    Column("payment_id", Identifier, nullable=False, unique=True),
    Column("rupiah", BigInteger, nullable=False),
    Column("agent_rupiah", BigInteger, nullable=False),
    Column("body_rupiah", BigInteger, nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    UniqueConstraint("intermediary_id", "reference"),
    CheckConstraint("number > 0", name="number_positive"),
    CheckConstraint("rupiah > 0 AND agent_rupiah >= 0 AND body_rupiah >= 0", name="rupiah_positive"),
    CheckConstraint("agent_rupiah + body_rupiah <= rupiah", name="commission_within"),
)

cash_remittances = Table(
    "cash_remittances",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("cash_agents.intermediary_id"), primary_key=True),
    Column("reference", String(MAX_CASH_REFERENCE), primary_key=True),
    Column("rupiah", BigInteger, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    CheckConstraint("rupiah > 0", name="rupiah_positive"),
)


@dataclass(frozen=True, slots=True)
class CashAgent:
    """One agent's terms. Rates in basis points (750 = 7.5 %); ``agent_share_bp`` is the agent's part of the commission."""

    intermediary_id: str
    rate_bp: int
    agent_share_bp: int
    most_rupiah: int
    most_days: int
    inactive_months: int
    registered_at: datetime
    resumed_at: datetime | None = None
    stopped_at: datetime | None = None
    stopped_for: Stop | None = None


@dataclass(frozen=True, slots=True)
class CashReceipt:
    """Cash for one member, whole rupiah. ``reference`` is the agent's own and makes it one."""

    intermediary_id: str
    number: int
    reference: str
    member_id: str
    payment_id: str
    rupiah: int
    agent_rupiah: int
    body_rupiah: int
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Remittance:
    """What an agent handed over, whole rupiah."""

    intermediary_id: str
    reference: str
    rupiah: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Unremitted:
    """What of a receipt the agent still holds, whole rupiah."""

    number: int
    rupiah: int
    taken_at: datetime


def set_terms(connection: Connection, agent: CashAgent) -> None:
    """Let an intermediary take cash, or change its terms; a stop stays."""
    fixed = {"intermediary_id", "registered_at", "resumed_at", "stopped_at", "stopped_for"}
    changed = {name: value for name, value in asdict(agent).items() if name not in fixed}
    statement = insert_into(connection, cash_agents).values(asdict(agent))
    connection.execute(statement.on_conflict_do_update(index_elements=["intermediary_id"], set_=changed))


def lock(connection: Connection, intermediary_id: str) -> CashAgent:
    """The agent, for whom nobody else gives receipts until this transaction ends. Raises RecordNotFound."""
    query = select(cash_agents).where(cash_agents.c.intermediary_id == intermediary_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise RecordNotFound(record="cash-agent")
    return CashAgent(**row)


def every(connection: Connection) -> tuple[CashAgent, ...]:
    """All agents, by identifier."""
    query = select(cash_agents).order_by(cash_agents.c.intermediary_id)
    return tuple(CashAgent(**row) for row in connection.execute(query).mappings())


def set_stop(connection: Connection, intermediary_id: str, stop: Stop | None, at: datetime) -> None:
    """Stop an agent, or with None let it go on."""
    change = update(cash_agents).where(cash_agents.c.intermediary_id == intermediary_id)
    if stop is None:
        connection.execute(change.values(resumed_at=at, stopped_at=None, stopped_for=None))
    else:
        connection.execute(change.values(stopped_at=at, stopped_for=stop))


def next_number(connection: Connection, intermediary_id: str) -> int:
    """The number of the next receipt. Lock the agent first."""
    query = select(func.max(cash_receipts.c.number)).where(cash_receipts.c.intermediary_id == intermediary_id)
    return (connection.execute(query).scalar() or 0) + 1


def add_receipt(connection: Connection, receipt: CashReceipt) -> None:
    """Insert a receipt. Raises IdempotencyConflict for a reference that was used."""
    taken = {"uq_cash_receipts_intermediary_id_reference": IdempotencyConflict(idempotency_key=receipt.reference)}
    with refusing(connection, taken):
        connection.execute(cash_receipts.insert().values(asdict(receipt)))


def find_receipt(
    connection: Connection, intermediary_id: str, *, reference: str | None = None, number: int | None = None
) -> CashReceipt | None:
    """An agent's receipt by its reference or its number."""
    table = cash_receipts.c
    own = table.reference == reference if number is None else table.number == number
    query = select(cash_receipts).where(table.intermediary_id == intermediary_id, own)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else CashReceipt(**row)


def last_taken(connection: Connection, intermediary_id: str) -> datetime | None:
    """When the agent last took cash."""
    query = (
        select(cash_receipts.c.taken_at)
        .where(cash_receipts.c.intermediary_id == intermediary_id)
        .order_by(cash_receipts.c.number.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def add_remittance(connection: Connection, remittance: Remittance) -> None:
    """Insert a remittance. Raises IdempotencyConflict for a reference that was used."""
    with refusing(connection, {"pk_cash_remittances": IdempotencyConflict(idempotency_key=remittance.reference)}):
        connection.execute(cash_remittances.insert().values(asdict(remittance)))


def find_remittance(connection: Connection, intermediary_id: str, reference: str) -> Remittance | None:
    """What an agent remitted under a reference."""
    table = cash_remittances.c
    query = select(cash_remittances).where(table.intermediary_id == intermediary_id, table.reference == reference)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Remittance(**row)


def unremitted(connection: Connection, intermediary_id: str) -> Sequence[Unremitted]:
    """The receipts that remittances, oldest first, do not cover yet, and what of each: in one pass over the agent's receipts.

    Void receipts and remittances that bounced count for nothing.
    """
    table = cash_receipts.c
    came = _remitted(connection, intermediary_id)
    through = func.sum(table.rupiah).over(order_by=table.number).label("through")
    running = (
        select(table.number, table.rupiah, table.taken_at, through)
        .select_from(cash_receipts.outerjoin(cash_receipt_voids))
        .where(table.intermediary_id == intermediary_id, cash_receipt_voids.c.number.is_(None))
        .subquery()
    )
    query = select(running).where(running.c.through > came).order_by(running.c.number)
    return [
        Unremitted(row.number, min(row.rupiah, int(row.through) - came), row.taken_at)
        for row in connection.execute(query)
    ]


def owed_to_agent(connection: Connection, intermediary_id: str) -> int:
    """What an agent remitted for receipts that are void, and no later receipt has used up: whole rupiah, never below nothing."""
    table = cash_receipts.c
    standing = (
        select(func.coalesce(func.sum(table.rupiah), 0))
        .select_from(cash_receipts.outerjoin(cash_receipt_voids))
        .where(table.intermediary_id == intermediary_id, cash_receipt_voids.c.number.is_(None))
    )
    return max(0, _remitted(connection, intermediary_id) - int(connection.execute(standing).scalar_one()))


def _remitted(connection: Connection, intermediary_id: str) -> int:
    table = cash_remittances.c
    query = (
        select(func.coalesce(func.sum(table.rupiah), 0))
        .select_from(cash_remittances.outerjoin(cash_remittance_bounces))
        .where(table.intermediary_id == intermediary_id, cash_remittance_bounces.c.reference.is_(None))
    )
    return int(connection.execute(query).scalar_one())
