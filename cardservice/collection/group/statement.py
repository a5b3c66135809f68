# SPDX-License-Identifier: Apache-2.0
"""``bill_statement``: a bill reconciled to its members, row by row: whose payments stand for each row, and that they come to its sum."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.collection.group.payer import payer_in_books
from cardservice.records import group_bills, group_bounces, group_money, members
from cardservice.records.connection import Connection
from cardservice.records.group_bills import GroupBill, GroupBillRow
from cardservice.records.group_bounces import Reopening


@dataclass(frozen=True, slots=True)
class Share:
    """What of a row stands for one member, whole rupiah: the member on the list, or who took months over."""

    member_ref: str
    rupiah: int


@dataclass(frozen=True, slots=True)
class RowStatement:
    """One row and where its money is. ``difference`` is the row less its shares: nothing, once the bill is paid."""

    row: GroupBillRow
    shares: tuple[Share, ...]

    @property
    def difference(self) -> int:
        """What is not accounted for, whole rupiah."""
        return self.row.rupiah - sum(share.rupiah for share in self.shares)


@dataclass(frozen=True, slots=True)
class BillStatement:
    """The whole bill. It is ``balanced`` where it was paid and every row comes to its sum.

    ``reopenings`` tell when it was paid and a sum went back.
    """

    bill: GroupBill
    settled_at: datetime | None
    rows: tuple[RowStatement, ...]
    reopenings: tuple[Reopening, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing, and nothing too much."""
        return self.settled_at is not None and all(row.difference == 0 for row in self.rows)


def bill_statement(connection: Connection, code: str, reference: str) -> BillStatement:
    """Reconcile one bill. Changes nothing. Raises RecordNotFound."""
    payer = payer_in_books(connection, code)
    bill = group_bills.get(connection, payer.intermediary_id, reference)
    shares: dict[int, dict[str, int]] = {}
    for payment in group_money.standing_payments(connection, payer.intermediary_id, bill.bill_id):
        own = shares.setdefault(line_of_reference(payment.reference), {})
        own[payment.member_id] = own.get(payment.member_id, 0) + payment.amount
    rows = group_bills.rows_of(connection, bill)
    refs = {row.member_id: row.member_ref for row in rows}
    for member_id in {member_id for own in shares.values() for member_id in own} - refs.keys():
        refs[member_id] = members.get(connection, member_id).external_ref
    statements = [
        RowStatement(
            row, tuple(Share(refs[member_id], rupiah) for member_id, rupiah in sorted(shares.get(row.line, {}).items()))
        )
        for row in rows
    ]
    reopenings = group_bounces.reopenings_of_bill(connection, payer.intermediary_id, bill.bill_id)
    return BillStatement(bill, group_bills.settled_at(connection, bill), tuple(statements), reopenings)


def line_of_reference(reference: str) -> int:
    """The line of the list that a payment comes from: ``BILL/LINE``, with ``~...`` behind it once months moved."""
    return int(reference.partition("/")[2].partition("~")[0])
