# SPDX-License-Identifier: Apache-2.0
"""What it costs every member of a base to be covered again (``cure.py``), column by column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cardservice.coverage.base_columns import (
    FIRST_MONTH,
    MOST_MONTHS,
    NO_MONTH,
    PAYERS,
    SECTORS,
    BaseColumns,
    month_number,
    month_of_number,
)
from cardservice.coverage.basis import ContributionBasis
from cardservice.coverage.errors import UnknownTariff
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Arrears, Rules, Tariff
from cardservice.coverage.span_runs import Numbers, Runs

Window = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Payers:
    """Members whose months of one programme are priced: their places in the base, and what is paid already."""

    base: BaseColumns
    programme: Programme
    members: Numbers
    paid: Runs


def cure_columns(
    base: BaseColumns,
    runs: Mapping[Programme, Runs],
    programme: Programme,
    current: int,
    rules: Rules,
    members: Numbers,
) -> tuple[Numbers, Numbers]:
    """For ``members`` (their places): rupiah to pay in month ``current`` after credit, and the credit used. Raises UnknownTariff."""
    total = np.zeros(len(members), dtype=np.int64)
    turns = rules.turns(tuple(Programme))
    own = next(place for place, turn in enumerate(turns) if programme in turn)
    for place, turn in enumerate(turns):
        # Who has its turn later in a month is paid before this programme only up to the month before.
        through = np.full(len(members), current if place <= own else current - 1, dtype=np.int64)
        for each in turn:
            columns = base.spans[each]
            joined = columns.joined[members]
            if not joined.any():
                continue
            paid = runs[each].of(members)
            first = _first_due(paid, columns.owed_from[members].astype(np.int64), current, rules)
            payers = _Payers(base, each, members, paid)
            total += np.where(joined, _price(payers, first, through, rules), 0)
    credit = base.credit[members]
    return np.maximum(total - credit, 0), credit


def _first_due(runs: Runs, owed_from: Numbers, current: int, rules: Rules) -> Numbers:
    limit = np.full(runs.members, current, dtype=np.int64)
    last = np.minimum(runs.end_of_run_with(limit), limit)
    first = np.where(owed_from != NO_MONTH, owed_from, np.where(last == NO_MONTH, current, last + 1))
    if rules.arrears is Arrears.CURRENT_MONTH_ONLY:
        first = np.maximum(first, current)
    # A first month owed that is still to come is paid for this month all the same.
    first_due: Numbers = np.minimum(first, current)
    return first_due


def _unpaid(runs: Runs, first: Numbers, last: Numbers) -> Numbers:
    unpaid: Numbers = np.maximum(last - first + 1, 0) - runs.overlap(first, last)
    return unpaid


def _price(payers: _Payers, first: Numbers, through: Numbers, rules: Rules) -> Numbers:
    tariffs = rules.tariffs.get(payers.programme, ())
    total: Numbers = np.zeros(len(payers.members), dtype=np.int64)
    if not tariffs and _unpaid(payers.paid, first, through).any():
        raise UnknownTariff(programme=payers.programme, month=str(month_of_number(int(through[0]))))
    for place, tariff in enumerate(tariffs):
        low = 0 if tariff.first is None else month_number(tariff.first)
        following = tariffs[place + 1].first if place + 1 < len(tariffs) else None
        high = MOST_MONTHS if following is None else month_number(following) - 1
        total += _price_by(tariff, payers, np.maximum(first, low), np.minimum(through, high), rules)
    return total


def _price_by(tariff: Tariff, payers: _Payers, first: Numbers, through: Numbers, rules: Rules) -> Numbers:
    base, programme, members = payers.base, payers.programme, payers.members
    months = _unpaid(payers.paid, first, through)
    full = np.full(len(members), tariff.minimum_rupiah, dtype=np.int64)
    if not tariff.is_flat:
        full = np.maximum(full, base.full_monthly[programme][members])
    halved = np.zeros(len(members), dtype=np.int64)
    sector, payer = base.sector[members], base.payer[members]
    for (sector_place, payer_place), windows in _windows(rules, programme, through).items():
        concerned = (sector == sector_place) & (payer == payer_place)
        for low, high in windows:
            inside = _unpaid(payers.paid, np.maximum(first, low), np.minimum(through, high))
            halved += np.where(concerned, inside, 0)
    odd = (full % 2 == 1) & (halved > 0)
    if odd.any():
        month = month_of_number(int(first[np.flatnonzero(odd)[0]]))
        raise UnknownTariff(programme=programme, month=str(month))
    price: Numbers = full * (months - halved) + full // 2 * halved
    return price


def _windows(rules: Rules, programme: Programme, through: Numbers) -> Mapping[tuple[int, int], list[Window]]:
    """For each sector and payer the months at half rate up to the last one asked about, as windows of which no two share a month."""
    found = {}
    last = int(through.max(initial=0))
    for sector_place, sector in enumerate(SECTORS):
        for payer_place, payer in enumerate(PAYERS):
            basis = ContributionBasis(sector, payer)
            windows = _apart(
                (max(each.first - FIRST_MONTH, 0), min(each.last - FIRST_MONTH, last))
                for each in rules.half_rates
                if each.concerns(programme, basis)
            )
            if windows:
                found[sector_place, payer_place] = windows
    return found


def _apart(windows: Iterable[Window]) -> list[Window]:
    """The months that lie in any of the windows, as windows of which no two share a month."""
    apart: list[Window] = []
    for low, high in sorted(windows):
        after = max(low, apart[-1][1] + 1) if apart else low
        if after <= high:
            apart.append((after, high))
    return apart
