# SPDX-License-Identifier: Apache-2.0
"""``import_members``: put a member list into the books. Twice changes nothing, and nothing is ever taken away by a list.

A list adds members and paid months. It corrects name, birth date, work sector, income band and programmes. It never changes a NIK, and a
month that it does not name stays paid (docs/decisions/0054).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cardservice.coverage.civil_time import day_ends
from cardservice.coverage.rules import Rules
from cardservice.coverage.rules_2026 import RULES_2026
from cardservice.coverage.standing import Payer
from cardservice.enrolment.income_band import contribution_basis
from cardservice.enrolment.member_list import MemberList
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.personal_data import Fingerprints, SealedData, fingerprints, seal
from cardservice.enrolment.refresh_standing import refresh_standing
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.keys import BlindIndex, Sealer
from cardservice.records import audit_events, member_months, members
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import MemberExists
from cardservice.records.member_months import MemberMonth
from cardservice.records.members import Member

CHUNK = 250  # rows in one transaction


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a list, counted in rows; ``refused`` rows have their problems listed, in the order of their lines."""

    new: int = 0
    unchanged: int = 0
    changed: int = 0
    refused: int = 0
    problems: tuple[RowProblem, ...] = ()

    @property
    def rows(self) -> int:
        """All rows of the list."""
        return self.new + self.unchanged + self.changed + self.refused

    def plus(self, other: "ImportReport") -> "ImportReport":
        """Both together."""
        return ImportReport(
            self.new + other.new,
            self.unchanged + other.unchanged,
            self.changed + other.changed,
            self.refused + other.refused,
            tuple(sorted((*self.problems, *other.problems), key=lambda problem: problem.line)),
        )


def import_members(
    database: Database,
    member_list: MemberList,
    *,
    sealer: Sealer,
    blind_index: BlindIndex,
    new_id: Callable[[], str],
    at: datetime,
    rules: Rules = RULES_2026,
    on_rows: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Import a list in transactions of CHUNK rows; after a crash, import it again. ``on_rows`` hears how many rows are done.

    ``new_id`` gives random 128-bit identifiers as 32 hexadecimal digits.
    """
    report = ImportReport(refused=member_list.refused, problems=member_list.problems)
    for start in range(0, len(member_list.rows), CHUNK):
        rows = member_list.rows[start : start + CHUNK]
        with database.begin() as connection:
            report = report.plus(
                import_rows(connection, rows, sealer=sealer, blind_index=blind_index, new_id=new_id, at=at, rules=rules)
            )
        on_rows(start + len(rows))
    return report


def import_rows(
    connection: Connection,
    rows: Sequence[MemberRow],
    *,
    sealer: Sealer,
    blind_index: BlindIndex,
    new_id: Callable[[], str],
    at: datetime,
    rules: Rules = RULES_2026,
) -> ImportReport:
    """Import some rows in the caller's transaction, audit events included: nothing else may append to the trail in it."""
    known = members.find_by_refs(connection, [row.ref for row in rows])
    prints = fingerprints(blind_index, rows)
    taken = members.refs_by_nik_index(connection, [each.nik for each in prints])
    chunk = _Chunk(connection, sealer, at, rules)
    for row, own in zip(rows, prints, strict=True):
        member = known.get(row.ref)
        if member is not None and member.nik_index != own.nik:
            chunk.refuse(row, Rule.NIK_DIFFERS, given=row.ref)
        elif taken.get(own.nik, row.ref) != row.ref:
            chunk.refuse(row, Rule.NIK_TAKEN, given=row.ref)
        elif member is None:
            chunk.newcomers.append((new_id(), row, own))
        else:
            chunk.revise(member, row, own)
    chunk.enrol()
    audit_events.append(connection, chunk.events)
    return ImportReport(chunk.new, chunk.unchanged, chunk.changed, len(chunk.problems), tuple(chunk.problems))


class _Chunk:
    """Rows on their way into the books: counts, problems and events so far."""

    def __init__(self, connection: Connection, sealer: Sealer, at: datetime, rules: Rules) -> None:
        self.new = self.unchanged = self.changed = 0
        self.problems: list[RowProblem] = []
        self.events: list[AuditEvent] = []
        self.newcomers: list[tuple[str, MemberRow, Fingerprints]] = []
        self._connection = connection
        self._sealer = sealer
        self._at = at
        self._rules = rules

    def refuse(self, row: MemberRow, rule: Rule, **evidence: str | int) -> None:
        """Note why a row stays out."""
        field = "ref" if rule is Rule.REF_TAKEN else "nik"
        self.problems.append(RowProblem(row.line, field, rule, evidence))

    def revise(self, member: Member, row: MemberRow, prints: Fingerprints) -> None:
        """Bring a member up to the row."""
        revised = replace(member, work_sector=row.work_sector, income_band=row.income_band, programmes=row.programmes)
        if member.details_index != prints.details:
            (sealed,) = seal(self._sealer, [(member.member_id, row)])
            revised = replace(
                revised,
                name_sealed=sealed.name,
                birth_date_sealed=sealed.birth_date,
                details_index=prints.details,
            )
        if revised != member:
            members.replace_details(self._connection, revised)
        added = member_months.add(self._connection, member.member_id, self._months(row, member.payer))
        if revised == member and not added:
            self.unchanged += 1
            return
        self.changed += 1
        refresh_standing(self._connection, member.member_id, self._at)
        self._tell("member.changed", member.member_id, months_added=added)

    def enrol(self) -> None:
        """Add the newcomers, sealed in one question."""
        sealed = (
            seal(self._sealer, [(member_id, row) for member_id, row, _ in self.newcomers]) if self.newcomers else []
        )
        for (member_id, row, prints), own in zip(self.newcomers, sealed, strict=True):
            try:
                members.add(self._connection, self._member(member_id, row, prints, own))
            except MemberExists as exists:
                # Somebody else enrolled this person since we looked.
                rule = Rule.NIK_TAKEN if exists.evidence["field"] == "nik" else Rule.REF_TAKEN
                self.refuse(row, rule, given=row.ref)
                continue
            self.new += 1
            added = member_months.add(self._connection, member_id, self._months(row, Payer.SELF))
            self._tell("member.enrolled", member_id, months_added=added)

    def _member(self, member_id: str, row: MemberRow, prints: Fingerprints, sealed: SealedData) -> Member:
        return Member(
            member_id=member_id,
            external_ref=row.ref,
            nik_sealed=sealed.nik,
            nik_index=prints.nik,
            name_sealed=sealed.name,
            birth_date_sealed=sealed.birth_date,
            details_index=prints.details,
            work_sector=row.work_sector,
            payer=Payer.SELF,
            income_band=row.income_band,
            programmes=row.programmes,
            created_at=self._at,
        )

    def _months(self, row: MemberRow, payer: Payer) -> list[MemberMonth]:
        basis = contribution_basis(row.work_sector, payer, row.income_band)
        # A list tells the day, not the hour: money that may have come after an event is not taken to have come before (decision 0131).
        arrived_at = None if row.paid_on is None else min(day_ends(row.paid_on), self._at)
        return [
            MemberMonth(programme, month, self._rules.monthly_rupiah(programme, month, basis), arrived_at, self._at)
            for programme in sorted(row.programmes)
            for month in sorted(row.months)
        ]

    def _tell(self, kind: str, member_id: str, *, months_added: int) -> None:
        self.events.append(AuditEvent(kind, self._at, {"months_added": months_added}, member_id=member_id))
