# SPDX-License-Identifier: Apache-2.0
"""The fields of one TOML table of a plan, taken one by one; what nobody took is unknown, and refused."""

from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from hsm.errors import PlanRefused

MAX_TEXT = 200
MAX_NAME = 60
MAX_LIST = 255
MAX_SECTOR = 0xFF


class PlanFields:
    """One table, by the name that a refusal calls it."""

    def __init__(self, called: str, table: Mapping[str, Any]) -> None:
        self._called = called
        self._left = dict(table)

    def text(self, name: str, most: int = MAX_TEXT) -> str:
        """A text that can be printed: Latin-1, since the transcript's built-in fonts have no more. Raises PlanRefused."""
        value = self._left.pop(name, None)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= most or not _printable(value):
            raise self._refused(f"{name}: a text of 1 to {most} printable Latin characters")
        return value.strip()

    def has(self, name: str) -> bool:
        """Whether the table says anything under that name."""
        return name in self._left

    def names(self, name: str, least: int = 2) -> list[str]:
        """People, each named once. Raises PlanRefused."""
        value = self._left.pop(name, None)
        if not isinstance(value, list) or not least <= len(value) <= MAX_LIST:
            raise self._refused(f"{name}: a list of {least} to {MAX_LIST} names")
        people = [PlanFields(self._called, {name: one}).text(name, MAX_NAME) for one in value]
        # Nobody is two people by a capital letter or a second space: he would hold two shares.
        if len({" ".join(one.casefold().split()) for one in people}) != len(people):
            raise self._refused(f"{name}: each name once")
        return people

    def number(self, name: str, among: Container[int], default: int | None = None) -> int:
        """A whole number. Raises PlanRefused."""
        value = self._left.pop(name, default)
        if type(value) is not int or value not in among:
            raise self._refused(f"{name}: a whole number within bounds")
        return value

    def octets(self, name: str) -> bytes:
        """Hexadecimal digits. Raises PlanRefused."""
        try:
            return bytes.fromhex(self.text(name))
        except ValueError:
            raise self._refused(f"{name}: hexadecimal digits") from None

    def moment(self, name: str, default: datetime) -> datetime:
        """A date, which begins at 00:00 UTC, or a date and time with its zone. Raises PlanRefused."""
        value = self._left.pop(name, default)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC).replace(microsecond=0)
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time(), UTC)
        raise self._refused(f"{name}: a date, or a date and time with a zone")

    def sectors(self, name: str) -> list[int]:
        """Sectors as on the card: two hexadecimal digits each, or a range of them such as 10-5F. Raises PlanRefused."""
        value = self._left.pop(name, None)
        if not isinstance(value, list) or not value:
            raise self._refused(f"{name}: a list of sectors")
        found: list[int] = []
        for one in value:
            first, dash, last = str(one).partition("-")
            try:
                begin = int(first, 16)
                end = int(last, 16) if dash else begin
            except ValueError:
                raise self._refused(f"{name}: two hexadecimal digits, or two of them with a dash between") from None
            # Backwards there is nothing between them: one that was meant would be missing, and nobody told.
            found += range(begin, end + 1) or [0]
        if len(set(found)) != len(found) or not all(0 < sector <= MAX_SECTOR for sector in found):
            raise self._refused(f"{name}: sectors from 01 to FF, each once")
        return found

    def tables(self, name: str) -> list["PlanFields"]:
        """The tables of an array of tables; none at all is an empty array. Raises PlanRefused."""
        value = self._left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self._refused(f"{name}: tables")
        return [PlanFields(f"{name} {number}", one) for number, one in enumerate(value, 1)]

    def end(self) -> None:
        """Raises PlanRefused for a name that nobody took: it may be one that was misspelt."""
        if self._left:
            raise self._refused(f"{min(self._left)} is not known")

    def _refused(self, rule: str) -> PlanRefused:
        return PlanRefused(rule=f"{self._called}: {rule}")


def _printable(value: str) -> bool:
    return value.isprintable() and value.encode("latin-1", "replace").decode("latin-1") == value
