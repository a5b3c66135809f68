# SPDX-License-Identifier: Apache-2.0
"""Taking intermediaries in, suspending them and letting them work again."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from cardservice.enrolment.errors import (
    EnrolmentError,
    IntermediaryMalformed,
    IntermediaryMayNotEnrol,
    IntermediaryNoLongerValid,
    IntermediaryNotYetValid,
    IntermediarySuspended,
    SchemeStands,
    ScopeTooWide,
)
from cardservice.enrolment.region import MAX_REGIONS, WHOLE_COUNTRY, is_region
from cardservice.enrolment.scope import Deed, Ground, Outside, Scope, decide, effective
from cardservice.records import audit_events, intermediaries
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.intermediaries import MAX_DEPTH, MAX_NAME, Intermediary, IntermediaryKind

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewIntermediary:
    """What is told of an intermediary when it is taken in. ``under`` is the code of the one above."""

    code: str
    name: str
    kind: IntermediaryKind
    under: str
    scope: Scope


def add_intermediary(
    connection: Connection, told: NewIntermediary, *, new_id: Callable[[], str], by: str, at: datetime
) -> Intermediary:
    """Take one in. ``by`` is the person who does it.

    Raises IntermediaryMalformed, ScopeTooWide (wider than all above together allow), IntermediaryExists, RecordNotFound.
    """
    _demand_well_formed(told)
    line = intermediaries.line_of(connection, told.under)
    above = line[-1]
    if len(line) >= MAX_DEPTH:
        raise IntermediaryMalformed(field="under", rule=f"at most {MAX_DEPTH} levels")
    if (field := told.scope.exceeds(effective(line))) is not None:
        raise ScopeTooWide(intermediary=told.code, above=above.code, field=field)
    own_id = new_id()
    added = Intermediary(
        intermediary_id=own_id,
        code=told.code,
        name=told.name,
        kind=told.kind,
        parent_id=above.intermediary_id,
        parent_lineage=above.lineage,
        lineage=f"{above.lineage}/{own_id}",
        may_enrol=Deed.ENROL in told.scope.deeds,
        may_collect=Deed.COLLECT in told.scope.deeds,
        work_sectors=told.scope.work_sectors,
        regions=told.scope.regions,
        valid_from=told.scope.valid_from,
        valid_until=told.scope.valid_until,
        created_at=at,
    )
    intermediaries.add(connection, added)
    _tell(connection, "intermediary.added", added, at, by=by, under=above.code)
    return added


def suspend_intermediary(connection: Connection, code: str, *, by: str, reason: str, at: datetime) -> Intermediary:
    """Stop one, and with it everyone below, at once. A second time changes nothing. Raises RecordNotFound, SchemeStands."""
    return _set_suspended(connection, code, at, "intermediary.suspended", by=by, reason=reason, at=at)


def reinstate_intermediary(connection: Connection, code: str, *, by: str, reason: str, at: datetime) -> Intermediary:
    """Let one work again. A second time changes nothing. Raises RecordNotFound, SchemeStands."""
    return _set_suspended(connection, code, None, "intermediary.reinstated", by=by, reason=reason, at=at)


def demand_may_enrol(line: tuple[Intermediary, ...], on: date) -> None:
    """Raises IntermediarySuspended, IntermediaryNotYetValid, IntermediaryNoLongerValid or IntermediaryMayNotEnrol."""
    decision = decide(line, Deed.ENROL, on)
    if isinstance(decision, Outside):
        raise _REFUSALS[decision.ground](intermediary=line[-1].code, at=decision.at, **decision.evidence)


_REFUSALS: dict[Ground, type[EnrolmentError]] = {
    Ground.SUSPENDED: IntermediarySuspended,
    Ground.NOT_YET_VALID: IntermediaryNotYetValid,
    Ground.NO_LONGER_VALID: IntermediaryNoLongerValid,
    Ground.DEED: IntermediaryMayNotEnrol,
}


def _set_suspended(
    connection: Connection, code: str, since: datetime | None, kind: str, *, by: str, reason: str, at: datetime
) -> Intermediary:
    found = intermediaries.get_by_code(connection, code, for_update=True)
    if found.is_scheme:
        raise SchemeStands(intermediary=code)
    if intermediaries.set_suspended(connection, found.intermediary_id, since):
        _tell(connection, kind, found, at, by=by, reason=reason)
    return intermediaries.get_by_code(connection, code)


def _tell(connection: Connection, kind: str, who: Intermediary, at: datetime, **detail: str) -> None:
    audit_events.append(connection, [AuditEvent(kind, at, {"intermediary": who.code, **detail})])


def _demand_well_formed(told: NewIntermediary) -> None:
    scope = told.scope
    regions_known = scope.regions == WHOLE_COUNTRY or all(map(is_region, scope.regions))
    rules = {
        "code": (_CODE.fullmatch(told.code) is not None, "2 to 32 capital letters, digits, hyphens"),
        "name": (0 < len(told.name.strip()) <= MAX_NAME and told.name.isprintable(), f"1 to {MAX_NAME} characters"),
        "kind": (told.kind is not IntermediaryKind.SCHEME, "there is one scheme"),
        "deeds": (bool(scope.deeds), "at least one deed"),
        "work_sectors": (bool(scope.work_sectors), "at least one work sector"),
        "regions": (0 < len(scope.regions) <= MAX_REGIONS and regions_known, "codes of 2, 4 or 6 digits, at most 100"),
        "valid_until": (scope.valid_until is None or scope.valid_until >= scope.valid_from, "not before valid_from"),
    }
    for field, (holds, rule) in rules.items():
        if not holds:
            raise IntermediaryMalformed(field=field, rule=rule)
