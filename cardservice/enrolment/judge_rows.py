# SPDX-License-Identifier: Apache-2.0
"""What each of some rows comes to, held against the books: a newcomer, a change, nothing new, or a refusal. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cardservice.coverage.civil_time import day_ends
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import Payer
from cardservice.enrolment.enroller import Enroller
from cardservice.enrolment.income_band import contribution_basis
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.personal_data import Fingerprints
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.records import enrolments, member_months, members
from cardservice.records.connection import Connection
from cardservice.records.enrolments import EnrolledBy
from cardservice.records.member_months import MemberMonth
from cardservice.records.members import Member


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Nobody knows this reference or NIK yet."""

    row: MemberRow
    prints: Fingerprints
    months: tuple[MemberMonth, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A member to be brought up to the row. ``renamed``: name or birth date differ. ``months`` are those that were not paid yet."""

    row: MemberRow
    prints: Fingerprints
    before: Member
    after: Member
    renamed: bool
    months: tuple[MemberMonth, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """The books say so already."""

    row: MemberRow


class Prices:
    """What the months of a row cost, as they are recorded ``at`` a moment. Lists repeat the same months: each combination is priced once."""

    def __init__(self, rules: Rules, at: datetime) -> None:
        self._rules = rules
        self._at = at
        self._known: dict[tuple[object, ...], tuple[MemberMonth, ...]] = {}

    def months(self, row: MemberRow, payer: Payer) -> tuple[MemberMonth, ...]:
        """The months of a row, by programme and month."""
        key = (row.months, row.programmes, row.work_sector, payer, row.income_band, row.paid_on)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(self._priced(row, payer))
        return known

    def _priced(self, row: MemberRow, payer: Payer) -> Iterator[MemberMonth]:
        basis = contribution_basis(row.work_sector, payer, row.income_band)
        # A list tells the day, not the hour: money that may have come after an event is not taken to have come before (decision 0131).
        arrived_at = None if row.paid_on is None else min(day_ends(row.paid_on), self._at)
        for programme in sorted(row.programmes):
            for month in sorted(row.months):
                price = self._rules.monthly_rupiah(programme, month, basis)
                yield MemberMonth(programme, month, price, arrived_at, self._at)


Verdict = Newcomer | Change | Nothing | RowProblem


def judge_rows(
    connection: Connection, rows: Sequence[MemberRow], prints: Sequence[Fingerprints], by: Enroller, prices: Prices
) -> list[Verdict]:
    """One verdict for each row, in order. ``prints`` are the rows' own."""
    known = members.find_by_refs(connection, [row.ref for row in rows])
    held = members.held_by_nik_index(connection, [own.nik for own in prints])
    ids = {member.member_id for member in known.values()} | {member_id for member_id, _ in held.values()}
    whose: Mapping[str, EnrolledBy] = enrolments.of_members(connection, sorted(ids)) if ids else {}
    cells = member_months.cells_of(connection, [each.member_id for each in known.values()]) if known else {}
    verdicts: list[Verdict] = []
    for row, own in zip(rows, prints, strict=True):
        member = known.get(row.ref)
        holder = held.get(own.nik)
        refusal = _refusal(row, own, member, holder, by, whose)
        if refusal is not None:
            verdicts.append(refusal)
        elif member is None:
            verdicts.append(Newcomer(row, own, prices.months(row, Payer.SELF)))
        else:
            verdicts.append(_held_against(row, own, member, prices, cells[member.member_id]))
    return verdicts


def _refusal(
    row: MemberRow,
    own: Fingerprints,
    member: Member | None,
    holder: tuple[str, str] | None,
    by: Enroller,
    whose: Mapping[str, EnrolledBy],
) -> RowProblem | None:
    holder_by = whose.get(holder[0]) if holder else None
    if holder is not None and not by.has_in_charge(holder_by):
        # Of a member of others nothing is told but that there is one: neither reference, nor channel, nor since when.
        return RowProblem(row.line, "nik", Rule.ENROLLED_ELSEWHERE)
    if member is not None and not by.has_in_charge(whose.get(member.member_id)):
        return RowProblem(row.line, "ref", Rule.REF_TAKEN, {"given": row.ref})
    if member is not None and member.nik_index != own.nik:
        return RowProblem(row.line, "nik", Rule.NIK_DIFFERS, {"given": row.ref})
    if holder is not None and holder[1] != row.ref:
        return RowProblem(row.line, "nik", Rule.NIK_TAKEN, {"given": row.ref, "known": holder[1]})
    return by.problem(row, holder_by)


def _held_against(
    row: MemberRow, own: Fingerprints, member: Member, prices: Prices, paid: set[tuple[Programme, int]]
) -> Verdict:
    revised = replace(member, work_sector=row.work_sector, income_band=row.income_band, programmes=row.programmes)
    renamed = member.details_index != own.details
    missing = tuple(
        month for month in prices.months(row, member.payer) if (month.programme, month.month.number) not in paid
    )
    if revised == member and not renamed and not missing:
        return Nothing(row)
    return Change(row, own, member, revised, renamed, missing)
