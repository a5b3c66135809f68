# SPDX-License-Identifier: Apache-2.0
"""Why a row of a group's list was refused: where, and which rule. The words are in ``cardservice/texts/collection.toml``."""

from enum import StrEnum

from cardservice.enrolment.row_fault import RowFault


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


class GroupRowProblem(RowFault[GroupRule]):
    """One fault of one row."""

    __slots__ = ()
    words = "group-row"
