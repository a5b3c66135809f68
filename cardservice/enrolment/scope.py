# SPDX-License-Identifier: Apache-2.0
"""What an intermediary may do, for whom, where and when; and the answer to "may they do this", which says why not.

Nobody may more than everyone above them: what counts is the overlap of all scopes from the root down, looked at each time. So narrowing or
suspending somebody binds all below at once (docs/decisions/0141).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from cardservice.coverage.standing import WorkSector
from cardservice.enrolment.region import EVERYWHERE, contains, is_within, overlap
from cardservice.records.intermediaries import Intermediary


class Deed(StrEnum):
    """What an intermediary does on the scheme's behalf."""

    ENROL = "ENROL"
    COLLECT = "COLLECT"


class Ground(StrEnum):
    """Why an intermediary may not."""

    SUSPENDED = "SUSPENDED"
    NOT_YET_VALID = "NOT_YET_VALID"
    NO_LONGER_VALID = "NO_LONGER_VALID"
    DEED = "DEED"  # may not enrol, or may not collect
    WORK_SECTOR = "WORK_SECTOR"
    REGION = "REGION"
    REGION_NOT_TOLD = "REGION_NOT_TOLD"
    NOT_THEIR_MEMBER = "NOT_THEIR_MEMBER"


@dataclass(frozen=True, slots=True)
class Within:
    """Yes."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Outside:
    """No: on which ground, and ``at`` whose rule it fails, the intermediary's own or that of one above."""

    ground: Ground
    at: str
    evidence: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Scope:
    """Deeds, for members of which work sectors, in which regions (prefixes), on which days."""

    deeds: frozenset[Deed]
    work_sectors: frozenset[WorkSector]
    regions: frozenset[str]
    valid_from: date
    valid_until: date | None

    @classmethod
    def of(cls, intermediary: Intermediary) -> "Scope":
        """An intermediary's own scope, whoever is above."""
        own = {Deed.ENROL: intermediary.may_enrol, Deed.COLLECT: intermediary.may_collect}
        return cls(
            frozenset(deed for deed, may in own.items() if may),
            intermediary.work_sectors,
            intermediary.regions,
            intermediary.valid_from,
            intermediary.valid_until,
        )

    def exceeds(self, above: "Scope") -> str | None:
        """The first field in which this scope is wider than the one above; None if it lies within."""
        wider = {
            "deeds": not self.deeds <= above.deeds,
            "work_sectors": not self.work_sectors <= above.work_sectors,
            "regions": not is_within(self.regions, above.regions),
            "valid_from": self.valid_from < above.valid_from,
            "valid_until": _last(self) > _last(above),
        }
        return next((name for name, is_wider in wider.items() if is_wider), None)

    def narrowed_by(self, above: "Scope") -> "Scope":
        """What is left of this scope under the one above."""
        return Scope(
            self.deeds & above.deeds,
            self.work_sectors & above.work_sectors,
            overlap(self.regions, above.regions),
            max(self.valid_from, above.valid_from),
            min((self.valid_until, above.valid_until), key=lambda day: day or date.max),
        )


def effective(line: Sequence[Intermediary]) -> Scope:
    """What the last of a line may do: the overlap of all scopes from the root down."""
    scope = Scope.of(line[0])
    for each in line[1:]:
        scope = Scope.of(each).narrowed_by(scope)
    return scope


def decide(line: Sequence[Intermediary], deed: Deed, on: date) -> Within | Outside:
    """Whether the last of a line (root first) may do this at all on a day."""
    for each in line:
        own = Scope.of(each)
        if each.suspended_at is not None:
            return Outside(Ground.SUSPENDED, each.code)
        if on < own.valid_from:
            return Outside(Ground.NOT_YET_VALID, each.code, {"day": own.valid_from.isoformat()})
        if own.valid_until is not None and on > own.valid_until:
            return Outside(Ground.NO_LONGER_VALID, each.code, {"day": own.valid_until.isoformat()})
        if deed not in own.deeds:
            return Outside(Ground.DEED, each.code)
    return Within()


def decide_for(
    line: Sequence[Intermediary],
    deed: Deed,
    on: date,
    *,
    work_sector: WorkSector,
    region: str | None,
    enrolled_by: str | None,
) -> Within | Outside:
    """Whether the last of a line may do this for one person.

    ``region`` None is a place that nobody told, which is enough only for those who may act everywhere. ``enrolled_by`` is the lineage of
    the intermediary through whom the person came in, None for a newcomer: a member belongs to that one and everyone above, to nobody beside.
    """
    if not (standing := decide(line, deed, on)):
        return standing
    own = line[-1]
    if enrolled_by is not None and not _is_at_or_below(enrolled_by, own.lineage):
        return Outside(Ground.NOT_THEIR_MEMBER, own.code)
    for each in line:
        if work_sector not in each.work_sectors:
            return Outside(Ground.WORK_SECTOR, each.code)
        if region is None and EVERYWHERE not in each.regions:
            return Outside(Ground.REGION_NOT_TOLD, each.code)
        if region is not None and not contains(each.regions, region):
            return Outside(Ground.REGION, each.code)
    return Within()


def _is_at_or_below(lineage: str, above: str) -> bool:
    return lineage == above or lineage.startswith(above + "/")


def _last(scope: Scope) -> date:
    return scope.valid_until or date.max
