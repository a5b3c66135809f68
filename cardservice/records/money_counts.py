# SPDX-License-Identifier: Apache-2.0
"""Sums of agents' and groups' money between two moments: each one statement, in one pass over its table. Keys are codes of intermediaries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, func, select

from cardservice.records.agent_cash import cash_receipts, cash_remittances
from cardservice.records.cash_reversals import cash_receipt_voids, cash_remittance_bounces
from cardservice.records.group_bills import group_settlements
from cardservice.records.group_bounces import group_reopenings, group_sum_bounces
from cardservice.records.group_money import group_sums
from cardservice.records.intermediaries import intermediaries


@dataclass(frozen=True, slots=True)
class ReceiptSum:
    """Receipts of one agent: how many, whole rupiah, and the commission on them."""

    count: int = 0
    rupiah: int = 0
    agent_rupiah: int = 0
    body_rupiah: int = 0


def receipts(connection: Connection, since: datetime, until: datetime) -> dict[str, ReceiptSum]:
    """Receipts that were given, by agent."""
    return _receipt_sums(connection, _receipts(), cash_receipts.c.taken_at, since, until)


def voids(connection: Connection, since: datetime, until: datetime) -> dict[str, ReceiptSum]:
    """Receipts that became void, by agent, whenever they were given."""
    return _receipt_sums(connection, _receipts().join(cash_receipt_voids), cash_receipt_voids.c.voided_at, since, until)


def remitted(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """What agents handed over, whole rupiah."""
    query = _summed(cash_remittances.c.intermediary_id, cash_remittances.c.rupiah)
    return _by_code(connection, query, cash_remittances.c.received_at, since, until)


def remittances_bounced(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """What of it went back, whenever it was handed over."""
    query = _summed(cash_remittances.c.intermediary_id, cash_remittances.c.rupiah).join(
        cash_remittance_bounces,
        (cash_remittance_bounces.c.intermediary_id == cash_remittances.c.intermediary_id)
        & (cash_remittance_bounces.c.reference == cash_remittances.c.reference),
    )
    return _by_code(connection, query, cash_remittance_bounces.c.bounced_at, since, until)


def sums(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """What groups paid, whole rupiah."""
    query = _summed(group_sums.c.intermediary_id, group_sums.c.rupiah)
    return _by_code(connection, query, group_sums.c.recorded_at, since, until)


def sums_bounced(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """What of it went back, whenever it was paid."""
    query = _summed(group_sums.c.intermediary_id, group_sums.c.rupiah).join(
        group_sum_bounces,
        (group_sum_bounces.c.intermediary_id == group_sums.c.intermediary_id)
        & (group_sum_bounces.c.sum_id == group_sums.c.sum_id),
    )
    return _by_code(connection, query, group_sum_bounces.c.bounced_at, since, until)


def settled(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """What bills took, whole rupiah."""
    query = _summed(group_settlements.c.intermediary_id, group_settlements.c.rupiah)
    return _by_code(connection, query, group_settlements.c.settled_at, since, until)


def reopened(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """What bills that are open again gave back, whenever they were paid."""
    query = _summed(group_settlements.c.intermediary_id, group_settlements.c.rupiah).join(
        group_reopenings,
        (group_reopenings.c.intermediary_id == group_settlements.c.intermediary_id)
        & (group_reopenings.c.bill_id == group_settlements.c.bill_id)
        & (group_reopenings.c.number == group_settlements.c.number),
    )
    return _by_code(connection, query, group_reopenings.c.reopened_at, since, until)


def _receipts() -> Select[Any]:
    own = cash_receipts.c
    return (
        select(
            intermediaries.c.code,
            func.count(),
            func.sum(own.rupiah),
            func.sum(own.agent_rupiah),
            func.sum(own.body_rupiah),
        )
        .select_from(cash_receipts)
        .join(intermediaries, intermediaries.c.intermediary_id == own.intermediary_id)
        .group_by(intermediaries.c.code)
    )


def _receipt_sums(
    connection: Connection,
    query: Select[Any],
    moment: Column[datetime],
    since: datetime,
    until: datetime,
) -> dict[str, ReceiptSum]:
    found = connection.execute(query.where(moment >= since, moment < until))
    return {
        code: ReceiptSum(int(count), int(rupiah), int(agent), int(body)) for code, count, rupiah, agent, body in found
    }


def _summed(intermediary_id: Column[str], rupiah: Column[int]) -> Select[Any]:
    return (
        select(intermediaries.c.code, func.sum(rupiah))
        .select_from(intermediary_id.table)
        .join(intermediaries, intermediaries.c.intermediary_id == intermediary_id)
        .group_by(intermediaries.c.code)
    )


def _by_code(
    connection: Connection, query: Select[Any], moment: Column[datetime], since: datetime, until: datetime
) -> dict[str, int]:
    return {code: int(rupiah) for code, rupiah in connection.execute(query.where(moment >= since, moment < until))}
