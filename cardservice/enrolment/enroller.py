# SPDX-License-Identifier: Apache-2.0
"""Who enrols: an intermediary with everyone above it, on a day. Asked about each row of its lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cardservice.enrolment.intermediary import demand_may_enrol
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.enrolment.scope import Deed, Ground, Outside, decide_for
from cardservice.records import intermediaries
from cardservice.records.connection import Connection
from cardservice.records.enrolments import EnrolledBy
from cardservice.records.intermediaries import SCHEME_CODE, Intermediary

_RULES = {
    Ground.WORK_SECTOR: (Rule.OUTSIDE_WORK_SECTOR, "work_sector"),
    Ground.REGION: (Rule.OUTSIDE_REGION, "region"),
    Ground.REGION_NOT_TOLD: (Rule.REGION_NOT_TOLD, "region"),
    Ground.NOT_THEIR_MEMBER: (Rule.ENROLLED_ELSEWHERE, "nik"),
}


@dataclass(frozen=True, slots=True)
class Enroller:
    """The last of ``line`` (root first), on a civil day in Asia/Jakarta."""

    line: Sequence[Intermediary]
    on: date

    @property
    def own(self) -> Intermediary:
        """The intermediary itself."""
        return self.line[-1]

    def problem(self, row: MemberRow, member: EnrolledBy | None) -> RowProblem | None:
        """Why this row is not theirs to bring; None if it is. ``member`` says through whom the person came in, None for a newcomer."""
        region = row.region or (member.region if member else None)
        lineage = member.lineage if member else None
        decision = decide_for(
            self.line, Deed.ENROL, self.on, work_sector=row.work_sector, region=region, enrolled_by=lineage
        )
        if isinstance(decision, Outside):
            rule, field = _RULES[decision.ground]
            given = {"region": region or "", "work_sector": row.work_sector.value}.get(field, "")
            return RowProblem(row.line, field, rule, {"given": given, "at": decision.at})
        if row.months:
            collecting = decide_for(
                self.line, Deed.COLLECT, self.on, work_sector=row.work_sector, region=region, enrolled_by=lineage
            )
            if isinstance(collecting, Outside):
                return RowProblem(row.line, "months", Rule.OUTSIDE_COLLECTING, {"at": collecting.at})
        return None

    def has_in_charge(self, member: EnrolledBy | None) -> bool:
        """Whether a member came in through this intermediary or one below it: then it may know of them."""
        own = self.own.lineage
        return member is None or member.lineage == own or member.lineage.startswith(own + "/")


def enroller(connection: Connection, on: date, code: str = SCHEME_CODE) -> Enroller:
    """The intermediary with this code, on a day.

    Raises RecordNotFound, IntermediarySuspended, IntermediaryNotYetValid, IntermediaryNoLongerValid, IntermediaryMayNotEnrol.
    """
    line = intermediaries.line_of(connection, code)
    demand_may_enrol(line, on)
    return Enroller(line, on)
