# SPDX-License-Identifier: Apache-2.0
"""``draw_group_bill``: a list becomes a bill, by tariff, or a report of its rows that can't be taken. One bad row, no bill."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.errors import ReferenceConflict
from cardservice.collection.group.list import GroupList, GroupListRow, read_group_list
from cardservice.collection.group.payer import Payer, payer_at_work
from cardservice.collection.group.row_problem import GroupRowProblem, GroupRule
from cardservice.collection.member_ledger import MemberLedger, months_document, named_months, read_ledger
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.errors import UnknownTariff
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import NamedMonth, Payment
from cardservice.coverage.rules import Rules
from cardservice.enrolment.scope import Outside
from cardservice.records import group_bills, group_payers, members, payment_numbers
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.group_bills import GroupBill, GroupBillRow
from cardservice.records.members import Member

_MUCH = 10**12  # rupiah: more than twelve months can cost
_ASKED = "group-bill"


@dataclass(frozen=True, slots=True)
class PricedRow:
    """One row with its price. ``reaches_now`` is False where the months are all debts, so that they restore no cover yet."""

    line: int
    member_id: str
    member_ref: str
    months: tuple[NamedMonth, ...]
    reaches_now: bool

    @property
    def rupiah(self) -> int:
        """What the row costs."""
        return sum(each.amount for each in self.months)


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
    priced, problems = _priced(connection, payer, told, rules, at)
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


def next_months(known: MemberLedger, rules: Rules, at: datetime, count: int) -> tuple[NamedMonth, ...]:
    """The next ``count`` months that a member owes or can pay ahead, in the ledger's own order, each at its own month's whole price.

    Raises UnknownTariff.
    """
    paid = known.allocated(rules, at).paid
    buyable = known.allocated(rules, at, Payment(_ASKED, at, at, _MUCH)).paid
    cells = [cell for cell in buyable if cell not in paid]
    chosen: list[ContributionMonth] = list(dict.fromkeys(month for _, month in cells))[:count]
    return tuple(
        NamedMonth(programme, month, rules.monthly_rupiah(programme, month, known.terms.for_month(month)))
        for programme, month in cells
        if month in chosen
    )


def _priced(
    connection: Connection, payer: Payer, told: GroupList, rules: Rules, at: datetime
) -> tuple[tuple[PricedRow, ...], tuple[GroupRowProblem, ...]]:
    priced: list[PricedRow] = []
    problems = list(told.problems)
    first_line: dict[str, int] = {}
    for row in told.rows:
        member = _member(connection, row, at)
        if isinstance(member, GroupRowProblem):
            problems.append(member)
            continue
        if (first := first_line.setdefault(member.member_id, row.line)) != row.line:
            problems.append(GroupRowProblem(row.line, "member", GroupRule.MEMBER_REPEATED, {"first_line": first}))
            continue
        outcome = _row(connection, payer, row, member, rules, at)
        if isinstance(outcome, PricedRow):
            priced.append(outcome)
        else:
            problems.append(outcome)
    return tuple(priced), tuple(sorted(problems, key=lambda each: each.line))


def _member(connection: Connection, row: GroupListRow, at: datetime) -> Member | GroupRowProblem:
    if not row.is_number:
        found = members.find_by_ref(connection, row.member)
        return found or GroupRowProblem(row.line, "member", GroupRule.MEMBER_UNKNOWN)
    number = payment_numbers.find(connection, row.member)
    if number is None:
        return GroupRowProblem(row.line, "member", GroupRule.MEMBER_UNKNOWN)
    if number.expires_at is not None and number.expires_at <= at:
        return GroupRowProblem(row.line, "member", GroupRule.NUMBER_ENDED)
    return members.get(connection, number.member_id)


def _row(
    connection: Connection, payer: Payer, row: GroupListRow, member: Member, rules: Rules, at: datetime
) -> PricedRow | GroupRowProblem:
    decision = payer.may_pay_for(connection, member, at)
    if isinstance(decision, Outside):
        evidence = {"ground": decision.ground.value, "at": decision.at}
        return GroupRowProblem(row.line, "member", GroupRule.OUT_OF_SCOPE, evidence)
    try:
        months = next_months(read_ledger(connection, member), rules, at, row.months)
    except UnknownTariff as unknown:
        return GroupRowProblem(row.line, "months", GroupRule.NO_PRICE, {"month": str(unknown.evidence.get("month"))})
    if not months:  # ten years are paid ahead already
        return GroupRowProblem(row.line, "months", GroupRule.NO_PRICE, {"month": str(month_at(at))})
    return _priced_row(row.line, member.member_id, member.external_ref, months, at)


def _priced_row(line: int, member_id: str, ref: str, months: tuple[NamedMonth, ...], at: datetime) -> PricedRow:
    return PricedRow(line, member_id, ref, months, max(each.month for each in months) >= month_at(at))


def _kept_rows(connection: Connection, bill: GroupBill, at: datetime) -> tuple[PricedRow, ...]:
    return tuple(
        _priced_row(row.line, row.member_id, row.member_ref, named_months(row.months), at)
        for row in group_bills.rows_of(connection, bill)
    )
