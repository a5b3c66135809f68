# SPDX-License-Identifier: Apache-2.0
"""``price_rows``: each row of a group's list with the months that it buys and what they cost, or why it can't be taken.

Members and their ledgers are read some hundreds at a time; what a row comes to is decided one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.collection.group.list import GroupList, GroupListRow
from cardservice.collection.group.payer import Payer
from cardservice.collection.group.row_problem import GroupRowProblem, GroupRule
from cardservice.collection.member_ledger import MemberLedger, read_ledgers
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.errors import UnknownTariff
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import NamedMonth, Payment
from cardservice.coverage.rules import Rules
from cardservice.enrolment.scope import Outside
from cardservice.records import enrolments, members, payment_numbers
from cardservice.records.connection import Connection
from cardservice.records.enrolments import EnrolledBy
from cardservice.records.members import Member

TOGETHER = 500  # rows read in one go
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
class _Behind:
    """What the records have of the members on a part of the list."""

    found: Mapping[int, Member | GroupRowProblem]  # by line
    enrolled: Mapping[str, EnrolledBy]
    ledgers: Mapping[str, MemberLedger]


def price_rows(
    connection: Connection, payer: Payer, told: GroupList, rules: Rules, at: datetime
) -> tuple[tuple[PricedRow, ...], tuple[GroupRowProblem, ...]]:
    """The good rows, and every problem, those of reading included, by line."""
    priced: list[PricedRow] = []
    problems = list(told.problems)
    first_line: dict[str, int] = {}
    for start in range(0, len(told.rows), TOGETHER):
        part = told.rows[start : start + TOGETHER]
        behind = _read(connection, part, at)
        for row in part:
            outcome = _row(payer, row, behind, first_line, rules, at)
            if isinstance(outcome, PricedRow):
                priced.append(outcome)
            else:
                problems.append(outcome)
    return tuple(priced), tuple(sorted(problems, key=lambda each: each.line))


def next_months(known: MemberLedger, rules: Rules, at: datetime, count: int) -> tuple[NamedMonth, ...]:
    """The next ``count`` months that a member owes or can pay ahead, in the ledger's own order, each at its own month's whole price.

    Raises UnknownTariff.
    """
    paid = known.allocated(rules, at).paid
    buyable = known.allocated(rules, at, Payment(_ASKED, at, at, _enough(known, rules, count))).paid
    cells = [cell for cell in buyable if cell not in paid]
    chosen: list[ContributionMonth] = list(dict.fromkeys(month for _, month in cells))[:count]
    return tuple(
        NamedMonth(programme, month, rules.monthly_rupiah(programme, month, known.terms.for_month(month)))
        for programme, month in cells
        if month in chosen
    )


def priced_row(line: int, member_id: str, ref: str, months: tuple[NamedMonth, ...], at: datetime) -> PricedRow:
    """A row with its months."""
    return PricedRow(line, member_id, ref, months, max(each.month for each in months) >= month_at(at))


def _enough(known: MemberLedger, rules: Rules, count: int) -> int:
    """Whole rupiah that buy ``count`` months in full, whichever they are: more would only buy what nobody asked for, up to ten years of it."""
    bases = [each.basis for each in known.terms.bases]
    dearest = (
        max(
            *(tariff.minimum_rupiah for tariff in tariffs),
            *(basis.full_monthly.get(programme, 0) for basis in bases),
        )
        for programme, tariffs in rules.tariffs.items()
        if programme in known.terms.joined
    )
    return (count + 1) * sum(dearest)


def _read(connection: Connection, part: Sequence[GroupListRow], at: datetime) -> _Behind:
    by_ref = members.find_by_refs(connection, [row.member for row in part if not row.is_number])
    numbers = payment_numbers.find_all(connection, [row.member for row in part if row.is_number])
    owners = members.get_all(connection, [each.member_id for each in numbers.values()])
    by_id = {each.member_id: each for each in owners}
    found: dict[int, Member | GroupRowProblem] = {}
    for row in part:
        number = numbers.get(row.member) if row.is_number else None
        if number is not None and number.expires_at is not None and number.expires_at <= at:
            found[row.line] = GroupRowProblem(row.line, "member", GroupRule.NUMBER_ENDED)
            continue
        member = by_id[number.member_id] if number is not None else by_ref.get(row.member)
        found[row.line] = member or GroupRowProblem(row.line, "member", GroupRule.MEMBER_UNKNOWN)
    whose = {each.member_id: each for each in found.values() if isinstance(each, Member)}
    return _Behind(found, enrolments.of_members(connection, list(whose)), read_ledgers(connection, whose))


def _row(
    payer: Payer, row: GroupListRow, behind: _Behind, first_line: dict[str, int], rules: Rules, at: datetime
) -> PricedRow | GroupRowProblem:
    member = behind.found[row.line]
    if isinstance(member, GroupRowProblem):
        return member
    if (first := first_line.setdefault(member.member_id, row.line)) != row.line:
        return GroupRowProblem(row.line, "member", GroupRule.MEMBER_REPEATED, {"first_line": first})
    decision = payer.may_pay(member, behind.enrolled.get(member.member_id), at)
    if isinstance(decision, Outside):
        evidence = {"ground": decision.ground.value, "at": decision.at}
        return GroupRowProblem(row.line, "member", GroupRule.OUT_OF_SCOPE, evidence)
    try:
        months = next_months(behind.ledgers[member.member_id], rules, at, row.months)
    except UnknownTariff as unknown:
        return GroupRowProblem(row.line, "months", GroupRule.NO_PRICE, {"month": str(unknown.evidence.get("month"))})
    if not months:  # ten years are paid ahead already
        return GroupRowProblem(row.line, "months", GroupRule.NO_PRICE, {"month": str(month_at(at))})
    return priced_row(row.line, member.member_id, member.external_ref, months, at)
