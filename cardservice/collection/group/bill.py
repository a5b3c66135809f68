# SPDX-License-Identifier: Apache-2.0
"""``draw_group_bill``: a list becomes a bill, by tariff, or a report of its rows that can't be taken. One bad row, no bill."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.errors import ReferenceConflict
from cardservice.collection.group.list import read_group_list
from cardservice.collection.group.payer import payer_at_work
from cardservice.collection.group.price_rows import PricedRow, price_rows, priced_row
from cardservice.collection.group.row_problem import GroupRowProblem
from cardservice.collection.member_ledger import months_document, named_months
from cardservice.coverage.rules import Rules
from cardservice.records import group_bills, group_payers
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.group_bills import GroupBill, GroupBillRow


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of a list: a ``bill`` where every row was good and it was no dry run."""

    rows: tuple[PricedRow, ...]
    problems: tuple[GroupRowProblem, ...]
    bill: GroupBill | None = None

    @property
    def rupiah(self) -> int:
        """What the good rows cost together."""
        return sum(row.rupiah for row in self.rows)


def draw_group_bill(
    connection: Connection,
    code: str,
    octets: bytes,
    *,
    reference: str,
    by: str,
    new_id: Callable[[], str],
    at: datetime,
    rules: Rules,
    dry_run: bool = False,
) -> Drawn:
    """Price a list, and keep it as a bill. The same list under the same reference is the same bill, at the price it was drawn for.

    Raises GroupListUnreadable, RecordNotFound, CollectionOutOfScope, ReferenceConflict for another list under a reference.
    """
    payer = payer_at_work(connection, code, at)
    told = read_group_list(octets)
    digest = hashlib.sha256(octets).digest()
    earlier = group_bills.find(connection, payer.intermediary_id, reference)
    if earlier is not None:
        if earlier.list_sha256 != digest:
            raise ReferenceConflict(
                reference=reference,
                kept=f"SHA-256 {earlier.list_sha256.hex()[:16]}, Rp{earlier.rupiah}",
                asked=f"SHA-256 {digest.hex()[:16]}",
            )
        return Drawn(_kept_rows(connection, earlier, at), (), earlier)
    priced, problems = price_rows(connection, payer, told, rules, at)
    drawn = Drawn(priced, problems)
    if dry_run or problems:
        return drawn
    bill = GroupBill(payer.intermediary_id, new_id(), reference, digest, drawn.rupiah, by, at)
    rows = [
        GroupBillRow(row.line, row.member_id, row.member_ref, months_document(row.months), row.rupiah) for row in priced
    ]
    group_bills.add(connection, bill, rows)
    group_payers.join(connection, payer.intermediary_id, [row.member_id for row in priced], at)
    detail: dict[str, Json] = {
        "intermediary": code,
        "bill": bill.bill_id,
        "rows": len(rows),
        "rupiah": bill.rupiah,
        "by": by,
    }
    record(connection, AuditEvent("group.bill-drawn", at, detail))
    return Drawn(priced, (), bill)


def _kept_rows(connection: Connection, bill: GroupBill, at: datetime) -> tuple[PricedRow, ...]:
    return tuple(
        priced_row(row.line, row.member_id, row.member_ref, named_months(row.months), at)
        for row in group_bills.rows_of(connection, bill)
    )
