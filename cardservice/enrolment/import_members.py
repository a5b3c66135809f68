# SPDX-License-Identifier: Apache-2.0
"""``import_members``: a short list, whole in memory, into the books through the scheme itself. Twice changes nothing.

A list adds members and paid months. It corrects name, birth date, work sector, income band and programmes. It never changes a NIK, and a
month that it does not name stays paid (docs/decisions/0054). Long lists go by import_list().
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.coverage.rules import Rules
from cardservice.enrolment.enroller import enroller
from cardservice.enrolment.judge_rows import Prices, judge_rows
from cardservice.enrolment.member_list import MemberList
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.personal_data import fingerprints
from cardservice.enrolment.row_problem import RowProblem
from cardservice.enrolment.write_rows import seal_rows, write_rows
from cardservice.keys import BlindIndex, Sealer
from cardservice.records.connection import Connection
from cardservice.records.database import Database

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
    rules: Rules,
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
    rules: Rules,
) -> ImportReport:
    """Import some rows in the caller's transaction, audit events included: nothing else may append to the trail in it."""
    by = enroller(connection, at.date())
    verdicts = judge_rows(connection, rows, fingerprints(blind_index, rows), by, Prices(rules, at))
    written = write_rows(connection, verdicts, seal_rows(sealer, verdicts, new_id), by, at)
    problems = tuple(written.problems)
    return ImportReport(written.new, written.unchanged, written.changed, len(problems), problems)
