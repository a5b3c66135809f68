# SPDX-License-Identifier: Apache-2.0
"""``late_packs``: packs that came to be known after their day, and the months in which they answer otherwise than what was known then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cardservice.coverage.civil_time import day_begins, month_at, month_begins
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.rule_pack import RulePack
from cardservice.coverage.rules import Rules


@dataclass(frozen=True, slots=True)
class LatePack:
    """``pack`` decides about ``moments`` since ``known_from``; until then ``before`` did. The moments are the last of each month, or of its part."""

    pack: RulePack
    known_from: datetime
    before: Rules
    moments: tuple[datetime, ...]


def late_packs(packs: PacksInForce) -> Iterator[LatePack]:
    """Each of them, in the order of their days."""
    for place, pack in enumerate(packs.packs):
        known_from = packs.known_from.get(pack.rules.number)
        begins = day_begins(pack.dated)
        if known_from is None or known_from <= begins:
            continue
        earlier = known_from - timedelta(microseconds=1)
        before = packs.at(begins, known_at=earlier)
        if before.number == pack.rules.number:  # nothing was known before it
            continue
        following = packs.packs[place + 1 : place + 2]
        ends = min([known_from, *(day_begins(each.dated) for each in following)])
        yield LatePack(pack, known_from, before, tuple(_ends_of_months(begins, ends)))


def _ends_of_months(begins: datetime, ends: datetime) -> Iterator[datetime]:
    month = month_at(begins)
    while month_begins(month) < ends:
        yield min(month_begins(month + 1), ends) - timedelta(microseconds=1)
        month = month + 1
