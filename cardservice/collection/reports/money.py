# SPDX-License-Identifier: Apache-2.0
"""``agents`` and ``groups``: what came in through whom, and what was taken back, in the month in which each was written down.

Money books, for those who settle with an agent or a group: they tell of sums, of no person, and are shown whole.
"""

from cardservice.collection.reports.report import Cell, Period, Report
from cardservice.coverage.civil_time import month_begins
from cardservice.records import money_counts
from cardservice.records.connection import Connection
from cardservice.records.money_counts import ReceiptSum

AGENT_COLUMNS = (
    "month",
    "agent",
    "receipts",
    "rupiah",
    "void_receipts",
    "void_rupiah",
    "agent_commission",
    "body_commission",
    "remitted",
    "bounced",
)
GROUP_COLUMNS = ("month", "group", "rupiah", "bounced", "bills_paid", "bills_reopened")


def agents(connection: Connection, period: Period, least: int) -> Report:
    """One row per month and agent with any movement. Commission is that on receipts given, less that on receipts that became void."""
    rows: list[tuple[Cell, ...]] = []
    for month in period.first.up_to(period.last):
        ends = month_begins(month), month_begins(month + 1)
        given, void = money_counts.receipts(connection, *ends), money_counts.voids(connection, *ends)
        came, went = money_counts.remitted(connection, *ends), money_counts.remittances_bounced(connection, *ends)
        for code in sorted({*given, *void, *came, *went}):
            own, gone = given.get(code, ReceiptSum()), void.get(code, ReceiptSum())
            rows.append(
                (
                    str(month),
                    code,
                    own.count,
                    own.rupiah,
                    gone.count,
                    gone.rupiah,
                    own.agent_rupiah - gone.agent_rupiah,
                    own.body_rupiah - gone.body_rupiah,
                    came.get(code, 0),
                    went.get(code, 0),
                )
            )
    return Report("agents", period, least, AGENT_COLUMNS, tuple(rows))


def groups(connection: Connection, period: Period, least: int) -> Report:
    """One row per month and group with any movement, whole rupiah."""
    rows: list[tuple[Cell, ...]] = []
    for month in period.first.up_to(period.last):
        ends = month_begins(month), month_begins(month + 1)
        counts = [
            count(connection, *ends)
            for count in (money_counts.sums, money_counts.sums_bounced, money_counts.settled, money_counts.reopened)
        ]
        rows += [
            (str(month), code, *(each.get(code, 0) for each in counts))
            for code in sorted({*counts[0].keys(), *counts[1], *counts[2], *counts[3]})
        ]
    return Report("groups", period, least, GROUP_COLUMNS, tuple(rows))
