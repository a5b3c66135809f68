# SPDX-License-Identifier: Apache-2.0
"""One line of a list as it comes out of a file of any kind, before anybody looks at what its fields say; and what one line may hold."""

from dataclasses import dataclass, field

from cardservice.enrolment.row_problem import RowProblem

MAX_LINE = 8_000  # characters
MAX_FIELD = 4_000  # characters; MAX_MONTHS without two neighbours are 2,880
MAX_COLUMNS = 40  # of a sheet that are looked at


@dataclass(frozen=True, slots=True)
class ListLine:
    """The fields of a line, or why it has none. ``number`` counts from 1, the head included."""

    number: int
    fields: list[str] | RowProblem = field(repr=False)
