# SPDX-License-Identifier: Apache-2.0
"""Reading the fields of a SNAP body: what is mandatory, how long it may be and what it may hold. The first fault is the answer.

A field that is absent, null or empty where it is mandatory is an Invalid Mandatory Field; one of another type, too long or with
characters that it can't have is an Invalid Field Format. Text is printable: no control characters, no lone surrogates.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardservice.collection.errors import SnapRefused
from cardservice.collection.snap.cases import Case
from cardservice.collection.snap.timestamp import read_timestamp

RUPIAH = "IDR"
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,13})\.([0-9]{2})", re.ASCII)  # "16,2": 16 digits, two of them after the point


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as it was sent: whole rupiah and sen."""

    rupiah: int
    sen: int

    def document(self) -> dict[str, str]:
        """As SNAP writes it."""
        return {"value": f"{self.rupiah}.{self.sen:02d}", "currency": RUPIAH}


def rupiah(amount: int) -> dict[str, str]:
    """Whole rupiah as SNAP writes them: a string with two decimals."""
    return Amount(amount, 0).document()


class Fields:
    """The members of one object on their way into typed values."""

    def __init__(self, members: Mapping[str, Any], within: str = "") -> None:
        self._members = members
        self._within = within

    def text(self, name: str, most: int, pattern: str | None = None, *, least: int = 1) -> str:
        """A mandatory text. Raises SnapRefused."""
        value = self.optional_text(name, most, pattern, least=least)
        if value is None:
            raise SnapRefused(case=Case.MANDATORY_FIELD, reason=self._within + name)
        return value

    def optional_text(self, name: str, most: int, pattern: str | None = None, *, least: int = 1) -> str | None:
        """A text, or None where it is absent, null or empty. Raises SnapRefused for anything else that is none."""
        value = self._members.get(name)
        if value is None or value == "":
            return None
        if type(value) is not str or not least <= len(value) <= most or not value.isprintable():
            raise self.malformed(name)
        if pattern is not None and re.fullmatch(pattern, value, re.ASCII) is None:
            raise self.malformed(name)
        return value

    def code(self, name: str, most: int) -> str | None:
        """An optional number that banks send as text or as a number, such as channelCode 6011."""
        value = self._members.get(name)
        if type(value) is int and 0 <= value < 10**most:
            return str(value)
        return self.optional_text(name, most, r"[0-9]+")

    def amount(self, name: str) -> Amount:
        """A mandatory amount in rupiah. Raises SnapRefused."""
        value = self.optional_amount(name)
        if value is None:
            raise SnapRefused(case=Case.MANDATORY_FIELD, reason=self._within + name)
        return value

    def optional_amount(self, name: str) -> Amount | None:
        """An amount ``{"value": "10000.00", "currency": "IDR"}``, or None where it is absent, null or empty."""
        value = self._members.get(name)
        if value is None or value == {}:
            return None
        if type(value) is not dict:
            raise self.malformed(name)
        parts = Fields(value, f"{self._within}{name}.")
        digits, currency = parts.text("value", 17), parts.text("currency", 3)
        match = _AMOUNT.fullmatch(digits)
        if match is None:
            raise parts.malformed("value")
        if currency != RUPIAH:
            raise parts.malformed("currency")
        return Amount(int(match[1]), int(match[2]))

    def moment(self, *names: str) -> datetime | None:
        """An optional time under any of its spellings."""
        for name in names:
            value = self.optional_text(name, 25)
            if value is not None:
                read = read_timestamp(value)
                if read is None:
                    raise self.malformed(name)
                return read
        return None

    def objects(self, name: str, most: int) -> tuple[Mapping[str, Any], ...]:
        """An optional list of objects."""
        value = self._members.get(name)
        if value is None:
            return ()
        if type(value) is not list or len(value) > most or any(type(each) is not dict for each in value):
            raise self.malformed(name)
        return tuple(value)

    def object(self, name: str) -> Mapping[str, Any]:
        """An optional object."""
        value = self._members.get(name)
        if value is None:
            return {}
        if type(value) is not dict:
            raise self.malformed(name)
        return value

    def malformed(self, name: str) -> SnapRefused:
        """The refusal of a field's form."""
        return SnapRefused(case=Case.FIELD_FORMAT, reason=self._within + name)
