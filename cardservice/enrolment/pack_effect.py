# SPDX-License-Identifier: Apache-2.0
"""``effect_of``: for how many members of the base a pack that came late answers otherwise about past months, by month and programme."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cardservice.coverage.base_columns import columns_of
from cardservice.coverage.late_packs import LatePack
from cardservice.coverage.pack_difference import difference, together
from cardservice.coverage.programme import Programme
from cardservice.enrolment.standings import standings
from cardservice.records.connection import Connection


@dataclass(frozen=True, slots=True)
class LateEffect:
    """At the last ``moment`` of a month, or of the part of it that the pack decides about: members, and those whose answer is another."""

    moment: datetime
    programme: Programme
    members: int
    changed: int


def effect_of(connection: Connection, late: LatePack) -> Iterator[LateEffect]:
    """One for each month and programme, by what the books say now. The base is read once for each. Raises UnknownTariff."""
    for moment in late.moments:
        for programme in Programme:
            whole = together(
                difference(columns_of(found), programme, moment, late.before, late.pack.rules)
                for found in standings(connection)
            )
            yield LateEffect(
                moment,
                programme,
                sum(sums.members for sums in whole.values()),
                sum(sums.changed for sums in whole.values()),
            )
