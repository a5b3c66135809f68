# SPDX-License-Identifier: Apache-2.0
"""What every report is: named columns, rows of figures, and the rule that hides small groups."""

import csv
import io
from dataclasses import dataclass

from cardservice.coverage.month import ContributionMonth

LEAST_SHOWN = 5  # members

Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Period:
    """Contribution months, both included."""

    first: ContributionMonth
    last: ContributionMonth


@dataclass(frozen=True, slots=True)
class Report:
    """Rows under columns. None is a figure that is suppressed, since it is about fewer than ``least`` people."""

    name: str
    period: Period
    least: int
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def as_json(self) -> dict[str, object]:
        """Rows as objects."""
        return {
            "report": self.name,
            "from": str(self.period.first),
            "to": str(self.period.last),
            "least": self.least,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }

    def as_csv(self) -> str:
        """RFC 4180; a suppressed figure is an empty field."""
        written = io.StringIO()
        writer = csv.writer(written)
        writer.writerow(self.columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in self.rows)
        return written.getvalue()


def shown(count: int, least: int, *, of: int | None = None) -> int | None:
    """A number of people, or None where it, or what is left of the whole that it is part of, is a group too small to show."""
    parts = (count,) if of is None else (of, count, of - count)
    return None if any(0 < part < least for part in parts) else count
