# SPDX-License-Identifier: Apache-2.0
"""Reading the fields of one request: types, lengths and numbers are checked here, so that operations meet only sense."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hsm.errors import MalformedRequest

MAX_NOTE_LENGTH: Final = 120
# Contexts and reasons are recorded, so they may not carry what must never be: nothing as long as a NIK, 16 digits.
_NOTE = re.compile(r"(?!.*[0-9]{16})[!-~][ -~]*")
# What stands in a record before the reason has no space: " reason=" in it would read as another's reason.
_NAME = re.compile(r"(?!.*[0-9]{16})[!-~]+")


class Fields:
    """The fields of one request, taken in order. Every complaint is a MalformedRequest with a rule, never a value."""

    __slots__ = ("_at", "_fields", "operation")

    def __init__(self, operation: str, fields: Sequence[object]) -> None:
        self.operation = operation
        self._fields = fields
        self._at = 0

    def refuse(self, rule: str) -> MalformedRequest:
        """The error to raise."""
        return MalformedRequest(operation=self.operation, rule=rule)

    def _next(self) -> object:
        if self._at == len(self._fields):
            raise self.refuse("a field is missing")
        self._at += 1
        return self._fields[self._at - 1]

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._fields):
            raise self.refuse("a field too many")

    def octets(self, name: str, lengths: range | Sequence[int]) -> bytes:
        """A byte string of one of these lengths."""
        value = self._next()
        if type(value) is not bytes or len(value) not in lengths:
            raise self.refuse(f"{name}: bytes of an allowed length")
        return value

    def number(self, name: str, most: int) -> int:
        """An integer from 0 to ``most``."""
        value = self._next()
        if type(value) is not int or not 0 <= value <= most:
            raise self.refuse(f"{name}: an integer from 0 to {most}")
        return value

    def note(self, name: str) -> str:
        """Printable ASCII that may be recorded."""
        value = self._next()
        if type(value) is not str or len(value) > MAX_NOTE_LENGTH or not _NOTE.fullmatch(value):
            raise self.refuse(f"{name}: 1 to {MAX_NOTE_LENGTH} printable ASCII characters, no 16 digits in a row")
        return value

    def name(self, name: str) -> str:
        """Printable ASCII without a space: one word of a record."""
        value = self._next()
        if type(value) is not str or len(value) > MAX_NOTE_LENGTH or not _NAME.fullmatch(value):
            raise self.refuse(
                f"{name}: 1 to {MAX_NOTE_LENGTH} printable ASCII characters, no space, no 16 digits in a row"
            )
        return value

    def word(self, name: str, allowed: Iterable[str]) -> str:
        """One of a few words."""
        value = self._next()
        if type(value) is not str or value not in allowed:
            raise self.refuse(f"{name}: not a known word")
        return value

    def absent(self) -> bool:
        """Take a null, if one is next."""
        if self._at < len(self._fields) and self._fields[self._at] is None:
            self._at += 1
            return True
        return False

    def inner(self, name: str) -> "Fields":
        """A list whose items are fields themselves."""
        value = self._next()
        if type(value) is not list:
            raise self.refuse(f"{name}: a list")
        return Fields(self.operation, value)

    def each(self, name: str, most: int) -> Iterator["Fields"]:
        """A list of 1 to ``most`` lists, or of single values, each as fields."""
        items = self.inner(name)._fields
        if not 1 <= len(items) <= most:
            raise self.refuse(f"{name}: 1 to {most} items")
        for item in items:
            yield Fields(self.operation, item if type(item) is list else [item])
