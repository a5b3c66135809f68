# SPDX-License-Identifier: Apache-2.0
"""Lines of intermediaries for tests: the scheme, and below it whoever a test names, with scopes as it says."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime

from cardservice.coverage.standing import WorkSector
from cardservice.enrolment.intermediary import NewIntermediary, add_intermediary
from cardservice.enrolment.region import WHOLE_COUNTRY
from cardservice.enrolment.scope import Deed, Scope
from cardservice.records.database import Database
from cardservice.records.intermediaries import SCHEME_CODE, Intermediary, IntermediaryKind

AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
BEGIN = date(2026, 1, 1)


def scope(
    *,
    deeds: Sequence[Deed] = tuple(Deed),
    work_sectors: Sequence[WorkSector] = tuple(WorkSector),
    regions: frozenset[str] = WHOLE_COUNTRY,
    valid_from: date = BEGIN,
    valid_until: date | None = None,
) -> Scope:
    return Scope(frozenset(deeds), frozenset(work_sectors), regions, valid_from, valid_until)


def take_in(
    database: Database,
    code: str,
    own: Scope | None = None,
    *,
    under: str = SCHEME_CODE,
    kind: IntermediaryKind = IntermediaryKind.COOPERATIVE,
) -> Intermediary:
    with database.begin() as connection:
        told = NewIntermediary(code, f"Koperasi {code}", kind, under, own or scope())
        return add_intermediary(connection, told, new_id=lambda: os.urandom(16).hex(), by="ani", at=AT)
