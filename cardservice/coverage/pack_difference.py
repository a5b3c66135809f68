# SPDX-License-Identifier: Apache-2.0
"""Two rule packs side by side over a base: who would stand differently, by group, and what it comes to in rupiah."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np

from cardservice.coverage.base_columns import PAYERS, SECTORS, BaseColumns
from cardservice.coverage.basis import Payer, WorkSector
from cardservice.coverage.decision import CoverState
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.span_runs import Numbers
from cardservice.coverage.whole_base import NO_CURE, NO_LIMIT, STATES, Evaluation, evaluate


class Group(NamedTuple):
    """Members who are alike: ``band`` is named by its monthly JKK contribution (decision 0053), 0 for the lowest."""

    sector: WorkSector
    payer: Payer
    band: int
    before: CoverState
    after: CoverState


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one group: members, those of them whose answer differs in anything, and whole rupiah over all of them under each pack.

    ``cure`` is what members would have to pay to be covered, ``benefit`` the sum of benefit limits.
    """

    members: int = 0
    changed: int = 0
    cure_before: int = 0
    cure_after: int = 0
    benefit_before: int = 0
    benefit_after: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(
            self.members + other.members,
            self.changed + other.changed,
            self.cure_before + other.cure_before,
            self.cure_after + other.cure_after,
            self.benefit_before + other.benefit_before,
            self.benefit_after + other.benefit_after,
        )


Difference = dict[Group, Sums]


def difference(base: BaseColumns, programme: Programme, as_of: datetime, before: Rules, after: Rules) -> Difference:
    """Every group of the base with its sums. Raises UnknownTariff where a pack has no price for a month that is due."""
    one, two = (evaluate(base, programme, as_of, rules) for rules in (before, after))
    band = base.full_monthly[Programme.JKK]
    small = ((base.sector.astype(np.int64) * len(PAYERS) + base.payer) * len(STATES) + one.state) * len(
        STATES
    ) + two.state
    keys, place = np.unique(band * (len(SECTORS) * len(PAYERS) * len(STATES) ** 2) + small, return_inverse=True)
    columns = [
        np.ones(len(base), dtype=np.int64),
        _changed(one, two).astype(np.int64),
        *(np.where(each.cure_rupiah == NO_CURE, 0, each.cure_rupiah) for each in (one, two)),
        *(np.where(each.benefit_limit == NO_LIMIT, 0, each.benefit_limit) for each in (one, two)),
    ]
    # Sums as floating point are exact up to 2^53 rupiah, far above all limits of a chunk of members together.
    sums = [np.bincount(place, column, len(keys)).astype(np.int64).tolist() for column in columns]
    return {_group(int(key)): Sums(*row) for key, row in zip(keys.tolist(), zip(*sums, strict=True), strict=True)}


def together(parts: Iterable[Difference]) -> Difference:
    """The difference over several parts of a base."""
    whole: Difference = {}
    for part in parts:
        for group, sums in part.items():
            whole[group] = whole.get(group, Sums()).plus(sums)
    return whole


def _changed(one: Evaluation, two: Evaluation) -> Numbers:
    is_same = np.ones(len(one.state), dtype=np.bool_)
    for name in (
        "state",
        "is_in_grace",
        "is_back",
        "paid_through",
        "until",
        "benefit_limit",
        "cure_rupiah",
        "cure_credit",
    ):
        is_same &= getattr(one, name) == getattr(two, name)
    return (~is_same).astype(np.int64)


def _group(key: int) -> Group:
    key, after = divmod(key, len(STATES))
    key, before = divmod(key, len(STATES))
    key, payer = divmod(key, len(PAYERS))
    band, sector = divmod(key, len(SECTORS))
    return Group(SECTORS[sector], PAYERS[payer], band, STATES[before], STATES[after])
