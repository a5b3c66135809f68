# SPDX-License-Identifier: Apache-2.0
"""A synthetic base: members with 6 to 60 months of irregular history, as columns, chunk by chunk and the same in every run."""

import numpy as np
from numpy.typing import NDArray

from cardservice.coverage.base_columns import (
    MONTH_BEGINS,
    NO_MONTH,
    PAYERS,
    SECTORS,
    BaseColumns,
    SpanColumns,
    month_number,
)
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme

LEAST_MONTHS, MOST_MONTHS = 6, 60
# How many months are paid at once, and how many are left out before the next payment.
AT_ONCE, OFTEN = np.array([1, 2, 3, 6, 12]), [0.5, 0.15, 0.2, 0.1, 0.05]
GAPS, GAP_OFTEN = np.array([0, 1, 2, 4, 8]), [0.7, 0.12, 0.08, 0.06, 0.04]
HOUR = 3_600_000_000
NOW = ContributionMonth(2026, 11)


def chunk(members: int, seed: int) -> BaseColumns:
    """Some members. The pair is paid together, as it is sold; one in five has savings too, paid with it."""
    chance = np.random.default_rng(seed)
    target = chance.integers(LEAST_MONTHS, MOST_MONTHS, members, endpoint=True)
    length = chance.choice(AT_ONCE, (members, MOST_MONTHS), p=OFTEN).astype(np.int16)
    so_far = np.cumsum(length, axis=1, dtype=np.int32)
    counts = (so_far < target[:, None]).sum(axis=1) + 1
    widest = int(counts.max())
    length, so_far = length[:, :widest], so_far[:, :widest]
    is_paid = np.arange(widest) < counts[:, None]
    over = np.where(is_paid, so_far - target[:, None], 0)
    length = np.where(over > 0, length - over, length)
    gap = chance.choice(GAPS, (members, widest), p=GAP_OFTEN)
    ends = np.cumsum(np.where(is_paid, length + gap, 0), axis=1)
    # Most histories end near now, some long before.
    last_month = (
        month_number(NOW)
        + 2
        - chance.choice([0, 1, 2, 3, 5, 9, 24], members, p=[0.3, 0.25, 0.15, 0.1, 0.1, 0.05, 0.05])
    )
    start = last_month - ends[:, -1]
    begins = (start[:, None] + ends - length - gap)[is_paid]
    first, last = begins.astype(np.int16), (begins + length[is_paid] - 1).astype(np.int16)
    arrived_at = _arrivals(chance, begins)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    pair = _columns(np.ones(members, dtype=np.bool_), offsets, first, last, arrived_at)
    saves = chance.random(members) < 0.2
    own = np.repeat(saves, counts)
    offsets_saved = np.concatenate([[0], np.cumsum(np.where(saves, counts, 0))]).astype(np.int64)
    savings = _columns(saves, offsets_saved, first[own], last[own], arrived_at[own])
    band = chance.choice([0, 12_000, 15_000, 20_000, 30_000, 50_000], members).astype(np.int64)
    return BaseColumns(
        chance.integers(0, len(SECTORS), members).astype(np.int8),
        chance.choice(len(PAYERS), members, p=[0.6, 0.2, 0.05, 0.15]).astype(np.int8),
        {Programme.JKK: band, Programme.JKM: np.zeros(members, dtype=np.int64), Programme.JHT: 2 * band},
        chance.integers(0, 8_000, members),
        {Programme.JKK: pair, Programme.JKM: pair, Programme.JHT: savings},
    )


def _arrivals(chance: np.random.Generator, first: NDArray[np.int64]) -> NDArray[np.int64]:
    """From five days before the first month to forty after it began."""
    return MONTH_BEGINS[first] + chance.integers(-5 * 24, 40 * 24, len(first)) * HOUR


def _columns(
    joined: NDArray[np.bool_],
    offsets: NDArray[np.int64],
    first: NDArray[np.int16],
    last: NDArray[np.int16],
    arrived_at: NDArray[np.int64],
) -> SpanColumns:
    return SpanColumns(joined, offsets, first, last, arrived_at, np.full(len(joined), NO_MONTH, dtype=np.int16))
