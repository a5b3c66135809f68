# SPDX-License-Identifier: Apache-2.0
"""Why a row of a group's list was refused: where, and which rule. The words are in ``cardservice/texts/collection.toml``."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum


class GroupRule(StrEnum):
    """The rules that a row of a group's list can break."""

    FIELD_COUNT = "field-count"
    QUOTING = "quoting"
    MEMBER_FORM = "member-form"
    MEMBER_UNKNOWN = "member-unknown"
    NUMBER_ENDED = "number-ended"
    MEMBER_REPEATED = "member-repeated"
    MONTHS_RANGE = "months-range"
    OUT_OF_SCOPE = "out-of-scope"
    NO_PRICE = "no-price"


@dataclasses.dataclass(frozen=True, slots=True)
class GroupRowProblem:
    """One fault of one row. ``line`` counts from 1, the head included. Evidence never holds a payment number, NIK or name."""

    line: int
    field: str
    rule: GroupRule
    evidence: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    @property
    def text_code(self) -> str:
        """Its entry in the catalogue of texts, with cause and remedy in both languages."""
        return f"group-row-{self.rule.value}"
