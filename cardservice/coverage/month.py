# SPDX-License-Identifier: Apache-2.0
"""The contribution month: the unit in which cover is bought (facts/contributions.md, section 4).

Dates are civil dates in Asia/Jakarta; whoever calls turns moments into dates.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Self

from cardservice.coverage.errors import MalformedMonth

_TEXT = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_LAST_ORDINAL = 9999 * 12 + 11


@dataclass(frozen=True, slots=True, order=True)
class ContributionMonth:
    """One calendar month that a contribution pays for. ``month + 3`` counts on, ``later - earlier`` counts months between."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= 9999 and 1 <= self.month <= 12):
            raise MalformedMonth(given=f"{self.year}-{self.month}", rule="year 1-9999, month 1-12")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``YYYY-MM``. Raises MalformedMonth."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise MalformedMonth(given=text[:20], rule="YYYY-MM")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month that a civil date lies in."""
        return cls(day.year, day.month)

    @classmethod
    def from_number(cls, number: int) -> Self:
        """Read YYYYMM as a number, as cover proofs carry it. Raises MalformedMonth."""
        return cls(number // 100, number % 100)

    @classmethod
    def _of_ordinal(cls, ordinal: int) -> Self:
        if not 12 <= ordinal <= _LAST_ORDINAL:
            raise MalformedMonth(given=str(ordinal), rule="year 1-9999")
        return cls(ordinal // 12, ordinal % 12 + 1)

    @property
    def number(self) -> int:
        """YYYYMM as a number."""
        return self.year * 100 + self.month

    @property
    def first_day(self) -> date:
        """The first civil date of the month."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """The last civil date of the month, leap years included."""
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def __add__(self, months: int) -> Self:
        return self._of_ordinal(self._ordinal + months)

    def __sub__(self, other: "ContributionMonth") -> int:
        return self._ordinal - other._ordinal

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def _ordinal(self) -> int:
        return self.year * 12 + self.month - 1

    def up_to(self, last: "ContributionMonth") -> tuple[Self, ...]:
        """Every month from this one to ``last``, both included; none if ``last`` is earlier."""
        return tuple(self + step for step in range(last - self + 1))
