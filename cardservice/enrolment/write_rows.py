# SPDX-License-Identifier: Apache-2.0
"""Rows into the books, as they were judged, in the caller's transaction: members, through whom, months, standing, trail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.standing import Payer
from cardservice.enrolment.enroller import Enroller
from cardservice.enrolment.judge_rows import Change, Newcomer, Nothing, Verdict
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.member_terms import terms_after
from cardservice.enrolment.personal_data import SealedData, seal
from cardservice.enrolment.refresh_standing import refresh_standing
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.keys import Sealer
from cardservice.records import audit_events, enrolments, member_months, members, population_checks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.enrolments import Enrolment
from cardservice.records.errors import ConstraintRefused, MemberExists
from cardservice.records.members import Member


@dataclass(slots=True)
class Written:
    """What came of some rows, counted; and why the refused ones stay out."""

    new: int = 0
    unchanged: int = 0
    changed: int = 0
    problems: list[RowProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row's personal data, sealed for the member that it is, or will be."""

    member_id: str
    data: SealedData


def seal_rows(sealer: Sealer, verdicts: Sequence[Verdict], new_id: Callable[[], str]) -> dict[int, SealedRow]:
    """Seal what the verdicts will write, in one question: by the line of the row."""
    wanted: list[tuple[str, MemberRow]] = []
    for verdict in verdicts:
        if isinstance(verdict, Newcomer):
            wanted.append((new_id(), verdict.row))
        elif isinstance(verdict, Change) and verdict.renamed:
            wanted.append((verdict.before.member_id, verdict.row))
    if not wanted:
        return {}
    sealed = seal(sealer, wanted)
    return {row.line: SealedRow(member_id, data) for (member_id, row), data in zip(wanted, sealed, strict=True)}


def write_rows(
    connection: Connection, verdicts: Sequence[Verdict], sealed: Mapping[int, SealedRow], by: Enroller, at: datetime
) -> Written:
    """Write them, audit events included: nothing else may append to the trail in this transaction.

    ``sealed`` has what seal_rows() made for these verdicts.
    """
    writing = _Writing(connection, sealed, by, at)
    newcomers = []
    for verdict in verdicts:
        match verdict:
            case RowProblem():
                writing.done.problems.append(verdict)
            case Nothing():
                writing.done.unchanged += 1
            case Change():
                writing.revise(verdict)
            case Newcomer():
                newcomers.append(verdict)
    writing.enrol(newcomers)
    audit_events.append(connection, writing.events)
    return writing.done


class _Writing:
    """Rows on their way into the books: counts and events so far."""

    def __init__(self, connection: Connection, sealed: Mapping[int, SealedRow], by: Enroller, at: datetime) -> None:
        self.done = Written()
        self.events: list[AuditEvent] = []
        self._connection = connection
        self._sealed = sealed
        self._by = by
        self._at = at

    def revise(self, change: Change) -> None:
        """Bring a member up to the row."""
        after = change.after
        if change.renamed:
            data = self._sealed[change.row.line].data
            after = replace(
                after, name_sealed=data.name, birth_date_sealed=data.birth_date, details_index=change.prints.details
            )
        if after != change.before:
            members.replace_details(self._connection, self._with_terms(change.before, after))
        if change.renamed:
            # What the registry said, it said about other data.
            population_checks.reopen(self._connection, after.member_id, self._at)
        added = member_months.add(self._connection, after.member_id, change.months)
        self.done.changed += 1
        refresh_standing(self._connection, after.member_id, self._at)
        self._tell("member.changed", after.member_id, added)

    def _with_terms(self, before: Member, after: Member) -> Member:
        """The member with the terms that changed, after what is paid; locked, so that no payment is counted in between."""
        now = members.lock(self._connection, before.member_id)
        paid = member_months.cells_of(self._connection, [before.member_id])[before.member_id]
        last = max((ContributionMonth.from_number(month) for _, month in paid), default=None)
        return replace(after, terms=terms_after(now, after, last, self._at))

    def enrol(self, newcomers: Sequence[Newcomer]) -> None:
        """Add them all at once; where somebody else was faster with one of them, one by one."""
        rows = [(each, self._member(each)) for each in newcomers]
        try:
            members.add_all(self._connection, [member for _, member in rows])
            came_in = rows
        except ConstraintRefused:
            came_in = [(each, member) for each, member in rows if self._add(each, member)]
        own_id = self._by.own.intermediary_id
        enrolments.add_all(
            self._connection,
            [Enrolment(member.member_id, own_id, each.row.region, self._at) for each, member in came_in],
        )
        member_months.add_of_newcomers(
            self._connection, [(member.member_id, month) for each, member in came_in for month in each.months]
        )
        population_checks.open_all(self._connection, [member.member_id for _, member in came_in], self._at)
        self.done.new += len(came_in)
        for each, member in came_in:
            self._tell("member.enrolled", member.member_id, len(each.months))

    def _add(self, newcomer: Newcomer, member: Member) -> bool:
        try:
            members.add(self._connection, member)
        except MemberExists as exists:
            # Somebody else enrolled this person, or took this reference, since the row was judged.
            row = newcomer.row
            problem = (
                RowProblem(row.line, "nik", Rule.ENROLLED_ELSEWHERE)
                if exists.evidence["field"] == "nik"
                else RowProblem(row.line, "ref", Rule.REF_TAKEN, {"given": row.ref})
            )
            self.done.problems.append(problem)
            return False
        return True

    def _member(self, newcomer: Newcomer) -> Member:
        row, sealed = newcomer.row, self._sealed[newcomer.row.line]
        return Member(
            member_id=sealed.member_id,
            external_ref=row.ref,
            nik_sealed=sealed.data.nik,
            nik_index=newcomer.prints.nik,
            name_sealed=sealed.data.name,
            birth_date_sealed=sealed.data.birth_date,
            details_index=newcomer.prints.details,
            work_sector=row.work_sector,
            payer=Payer.SELF,
            income_band=row.income_band,
            programmes=row.programmes,
            created_at=self._at,
        )

    def _tell(self, kind: str, member_id: str, months_added: int) -> None:
        detail: dict[str, Json] = {"months_added": months_added, "through": self._by.own.code}
        self.events.append(AuditEvent(kind, self._at, detail, member_id=member_id))
