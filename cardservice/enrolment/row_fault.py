# SPDX-License-Identifier: Apache-2.0
"""One fault of one row of a list, whatever list it is: where it is, which rule was broken, and where its words are."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

_Rule = TypeVar("_Rule", bound=StrEnum)


@dataclasses.dataclass(frozen=True, slots=True)
class RowFault(Generic[_Rule]):
    """``line`` counts from 1, the head included. Evidence never holds a NIK, payment number, name or birth date."""

    words: ClassVar[str]  # how the catalogue's entries of this kind of list begin

    line: int
    field: str
    rule: _Rule
    evidence: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    @property
    def text_code(self) -> str:
        """Its entry in the catalogue of texts, with cause and remedy in both languages."""
        return f"{self.words}-{self.rule.value}"
