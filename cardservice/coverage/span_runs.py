# SPDX-License-Identifier: Apache-2.0
"""Columns of spans brought together: runs of paid months, and stretches of cover (``stretch.py``, for a whole base at once)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cardservice.coverage.base_columns import MONTH_BEGINS, MOST_MONTHS, NO_MONTH, Moments, Months, SpanColumns

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
# Members are told apart inside one running maximum by this much; months, grace included, stay below it.
_STRIDE = 4096
_SECOND = 1_000_000
_KEY_BITS = 33  # the seconds of 170 years; 2^30 members still fit above them


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans of a programme whose money had arrived; ``member`` rises. Members without a span are counted in ``members``."""

    members: int
    member: Numbers
    first: Months
    last: Months
    begins: Moments


@dataclass(frozen=True, slots=True)
class Runs:
    """Unbroken runs of paid months, in order; none touches the next."""

    members: int
    member: Numbers
    first: Numbers
    last: Numbers

    def end_of_run_with(self, month: NDArray[Any]) -> Numbers:
        """For each member the last month of the run that this month stands in, NO_MONTH where the month is NO_MONTH."""
        before = self.first <= month[self.member]
        return _last_of_each(self.member[before], self.last[before], self.members)

    def overlap(self, low: Numbers, high: Numbers) -> Numbers:
        """For each member how many paid months lie from ``low`` to ``high``, both included."""
        common = np.minimum(self.last, high[self.member]) - np.maximum(self.first, low[self.member]) + 1
        return np.bincount(self.member, np.maximum(common, 0), self.members).astype(np.int64)

    def of(self, chosen: Numbers) -> "Runs":
        """The runs of some members, who are numbered anew in their order."""
        place = np.full(self.members, NO_MONTH, dtype=np.int64)
        place[chosen] = np.arange(len(chosen))
        kept = place[self.member] != NO_MONTH
        return Runs(len(chosen), place[self.member[kept]], self.first[kept], self.last[kept])


@dataclass(frozen=True, slots=True)
class Stretches:
    """Of each member's stretches that have begun: how many, in which month the first and the last began, and the first month after the last."""

    count: Numbers
    first_month: Numbers
    last_month: Numbers
    end: Numbers


def visible_spans(columns: SpanColumns, at: int) -> Spans:
    """The spans whose money had arrived by ``at`` (microseconds)."""
    members = len(columns.joined)
    member = np.repeat(np.arange(members, dtype=np.int64), np.diff(columns.offsets))
    first, last, arrived_at = columns.first, columns.last, columns.arrived_at
    seen = arrived_at <= at
    if not seen.all():
        member, first, last, arrived_at = member[seen], first[seen], last[seen], arrived_at[seen]
    return Spans(members, member, first, last, np.maximum(MONTH_BEGINS[first], arrived_at))


def last_paid_up_to(spans: Spans, month: int) -> Numbers:
    """Each member's last paid month that is not after ``month``; NO_MONTH for none."""
    found = np.full(spans.members, NO_MONTH, dtype=np.int64)
    if len(spans.member):
        starts = np.flatnonzero(np.diff(spans.member, prepend=-1))
        paid = np.where(spans.first <= month, np.minimum(spans.last, month), NO_MONTH)
        found[spans.member[starts]] = np.maximum.reduceat(paid, starts)
    return found


def paid_runs(spans: Spans) -> Runs:
    """Spans that touch or overlap, made one."""
    first, last = spans.first.astype(np.int64), spans.last.astype(np.int64)
    member = spans.member
    order = _order(member, first)
    if order is not None:
        member, first, last = member[order], first[order], last[order]
    begins, ends = _merged(member, first, last + 1, first)
    return Runs(spans.members, member[begins], first[begins], ends - 1)


def stretches(spans: Spans, at: int, grace_months: int) -> Stretches:
    """The stretches of cover that have begun by ``at`` (microseconds)."""
    after = np.minimum(spans.last.astype(np.int64) + grace_months + 1, MOST_MONTHS)
    covers = spans.begins < MONTH_BEGINS[after]
    member, begins, after = spans.member[covers], spans.begins[covers], after[covers]
    # In order of seconds, which leave room for the member beside them; inside one second the order changes nothing below.
    order = _order(member, (begins - MONTH_BEGINS[0]) // _SECOND)
    if order is not None:
        member, begins, after = member[order], begins[order], after[order]
    # Cover goes on if it begins no later than the month begins that follows all cover before.
    opens = np.searchsorted(MONTH_BEGINS, begins, side="left")
    heads, ends = _merged(member, begins, after, opens)
    member, begins = member[heads], np.minimum.reduceat(begins, heads) if len(heads) else begins
    begun = begins <= at
    member, months, ends = member[begun], np.searchsorted(MONTH_BEGINS, begins[begun], side="right") - 1, ends[begun]
    return Stretches(
        np.bincount(member, minlength=spans.members),
        _last_of_each(member[::-1], months[::-1], spans.members),
        _last_of_each(member, months, spans.members),
        _last_of_each(member, ends, spans.members),
    )


def _order(member: Numbers, key: Numbers) -> Numbers | None:
    """The order by member and ``key`` (0 to 2^33), None where it is that already. Histories nearly are, which a stable sort makes use of."""
    if not bool(np.any((np.diff(key) < 0) & (np.diff(member) == 0))):
        return None
    return np.argsort(member << _KEY_BITS | key, kind="stable")


def _merged(member: Numbers, key: Numbers, after: Numbers, opens: Numbers) -> tuple[Numbers, Numbers]:
    """Where each merged piece begins, and the highest ``after`` in it: a row joins the pieces before it if it ``opens`` no later than they end."""
    if not len(key):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    highest = np.maximum.accumulate(after + member * _STRIDE)
    is_head = np.ones(len(key), dtype=np.bool_)
    is_head[1:] = opens[1:] + member[1:] * _STRIDE > highest[:-1]
    heads = np.flatnonzero(is_head)
    tails = np.append(heads[1:], len(key)) - 1
    return heads, highest[tails] - member[heads] * _STRIDE


def _last_of_each(member: NDArray[Any], values: NDArray[Any], members: int) -> Numbers:
    """The value in each member's last row; NO_MONTH for a member without rows. Rows of one member lie together."""
    found = np.full(members, NO_MONTH, dtype=np.int64)
    if len(member):
        last = np.append(member[1:] != member[:-1], True)
        found[member[last]] = values[last]
    return found
