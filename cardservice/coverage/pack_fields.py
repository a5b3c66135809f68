# SPDX-License-Identifier: Apache-2.0
"""One mapping of a rule pack being read: each member once, of its kind, and none left over."""

from enum import StrEnum
from typing import NoReturn, TypeVar

from cardservice.coverage.errors import MalformedMonth, RulePackMalformed
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.strict_yaml import Node

_Choice = TypeVar("_Choice", bound=StrEnum)


class Fields:
    """The members of a mapping. Each take() names the member; end() refuses what nobody took."""

    def __init__(self, node: Node, path: str) -> None:
        self.path = path
        self.line = node.line
        if not isinstance(node.value, dict):
            self.refuse(path, node.line, "a mapping")
        self._left = dict(node.value)

    def take(self, name: str) -> Node:
        """A member, whatever it is."""
        node = self._left.pop(name, None)
        if node is None:
            self.refuse(self._of(name), self.line, "is missing")
        return node

    def has(self, name: str) -> bool:
        """Whether an optional member is there."""
        return name in self._left

    def text(self, name: str, most: int = 400) -> str:
        """A text that is not empty."""
        node = self.take(name)
        if not isinstance(node.value, str) or not 1 <= len(node.value.strip()) <= most or not node.value.isprintable():
            self.refuse(self._of(name), node.line, f"a text of 1 to {most} characters on one line")
        return node.value

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        node = self.take(name)
        if isinstance(node.value, bool) or not isinstance(node.value, int) or not low <= node.value <= high:
            self.refuse(self._of(name), node.line, f"a whole number from {low} to {high}")
        return node.value

    def boolean(self, name: str) -> bool:
        """True or false."""
        node = self.take(name)
        if not isinstance(node.value, bool):
            self.refuse(self._of(name), node.line, "true or false")
        return node.value

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        """One name of an enumeration."""
        return self._chosen(self.take(name), self._of(name), kind)

    def choices(self, name: str, kind: type[_Choice]) -> frozenset[_Choice]:
        """A list of names, each once."""
        chosen = [self._chosen(node, self._of(name), kind) for node in self.items(name)]
        if len(set(chosen)) != len(chosen):
            self.refuse(self._of(name), self.line, "each once")
        return frozenset(chosen)

    def month(self, name: str) -> ContributionMonth:
        """A contribution month, YYYY-MM."""
        node = self.take(name)
        try:
            return ContributionMonth.parse(node.value if isinstance(node.value, str) else "")
        except MalformedMonth:
            self.refuse(self._of(name), node.line, 'a month, "YYYY-MM"')

    def items(self, name: str) -> list[Node]:
        """A list, with something in it or not."""
        node = self.take(name)
        if not isinstance(node.value, list):
            self.refuse(self._of(name), node.line, "a list")
        return node.value

    def fields(self, name: str) -> "Fields":
        """A mapping inside this one."""
        return Fields(self.take(name), self._of(name))

    def each(self, name: str) -> list["Fields"]:
        """A list of mappings."""
        return [Fields(node, f"{self._of(name)}[{place}]") for place, node in enumerate(self.items(name))]

    def end(self) -> None:
        """Nothing is left that nobody asked for."""
        for name, node in self._left.items():
            self.refuse(self._of(name), node.line, "is not known here")

    def refuse(self, field: str, line: int, rule: str) -> NoReturn:
        """Raise RulePackMalformed."""
        raise RulePackMalformed(field=field, line=line, rule=rule)

    def _of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _chosen(self, node: Node, field: str, kind: type[_Choice]) -> _Choice:
        names = sorted(each.value for each in kind)
        if not isinstance(node.value, str) or node.value not in names:
            self.refuse(field, node.line, f"one of {', '.join(names)}")
        return kind(node.value)
