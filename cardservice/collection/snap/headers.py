# SPDX-License-Identifier: Apache-2.0
"""The headers of a SNAP request: which are mandatory, how long, of which form. A header given twice is malformed: nobody knows which was meant."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from cardservice.collection.errors import SnapRefused
from cardservice.collection.snap.cases import Case
from cardservice.collection.snap.timestamp import read_timestamp


class Headers:
    """Headers by their lower-case names, each with all its values."""

    def __init__(self, given: Mapping[str, Sequence[str]]) -> None:
        self._given = given

    def raw(self, name: str) -> str:
        """The value, or nothing."""
        values = self._given.get(name.lower(), ())
        return values[0] if len(values) == 1 else ""

    def text(self, name: str, most: int, pattern: str | None = None) -> str:
        """A mandatory header. Raises SnapRefused."""
        values = self._given.get(name.lower(), ())
        if not values or not values[0]:
            raise SnapRefused(case=Case.MANDATORY_FIELD, reason=name)
        value = values[0]
        if len(values) > 1 or len(value) > most or not (value.isascii() and value.isprintable()):
            raise SnapRefused(case=Case.FIELD_FORMAT, reason=name)
        if pattern is not None and re.fullmatch(pattern, value, re.ASCII) is None:
            raise SnapRefused(case=Case.FIELD_FORMAT, reason=name)
        return value

    def moment(self, name: str) -> datetime:
        """A mandatory time. Raises SnapRefused."""
        read = read_timestamp(self.text(name, 32))
        if read is None:
            raise SnapRefused(case=Case.FIELD_FORMAT, reason=name)
        return read
