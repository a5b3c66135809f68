# SPDX-License-Identifier: Apache-2.0
"""A short member list, whole in memory: its good rows and the problems of the others."""

import io
from dataclasses import dataclass
from datetime import date

from cardservice.enrolment.list_file import examine
from cardservice.enrolment.list_rows import RefusedRow
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.row_problem import RowProblem


@dataclass(frozen=True, slots=True)
class MemberList:
    """What was read. A row with a problem is in ``problems`` (once for each fault) and not in ``rows``."""

    rows: tuple[MemberRow, ...]
    problems: tuple[RowProblem, ...]

    @property
    def refused(self) -> int:
        """How many rows have a problem."""
        return len({problem.line for problem in self.problems})


def read_member_list(octets: bytes, *, today: date) -> MemberList:
    """Read a whole list, CSV or XLSX. Raises what list_file.examine() and ListFile.read() raise, and nothing else."""
    rows: list[MemberRow] = []
    problems: list[RowProblem] = []
    for row in examine(io.BytesIO(octets)).read(today=today):
        if isinstance(row, RefusedRow):
            problems += row.problems
        else:
            rows.append(row)
    return MemberList(tuple(rows), tuple(problems))
