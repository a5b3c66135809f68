# SPDX-License-Identifier: Apache-2.0
"""On which terms a member contributed, since when: as one text column of ``members``, empty while nothing ever changed.

``[[first month, sector, payer, income band, programmes, microseconds], ...]``, in the order in which they were written down; the last are the present ones.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Dialect, Text, TypeDecorator

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Payer, WorkSector
from cardservice.records.canonical_json import canonical_json
from cardservice.records.columns import microseconds, moment, programmes_of, programmes_text


@dataclass(frozen=True, slots=True)
class TermsFrom:
    """Terms that hold from the contribution month ``first`` on, until later ones. ``recorded_at``: when we came to know."""

    first: ContributionMonth
    work_sector: WorkSector
    payer: Payer
    income_band: int
    programmes: frozenset[Programme]
    recorded_at: datetime


class TermsList(TypeDecorator[tuple[TermsFrom, ...]]):
    """All terms of one member."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[TermsFrom, ...] | None, dialect: Dialect) -> str:  # noqa: ARG002 - the interface's
        """One text."""
        return canonical_json(
            [
                [
                    each.first.number,
                    each.work_sector.value,
                    each.payer.value,
                    each.income_band,
                    programmes_text(each.programmes),
                    microseconds(each.recorded_at),
                ]
                for each in value or ()
            ]
        ).decode()

    def process_result_value(self, value: object, dialect: Dialect) -> tuple[TermsFrom, ...]:  # noqa: ARG002 - the interface's
        """The terms again."""
        return terms_of_text(cast("str", value))


def terms_of_text(text: str) -> tuple[TermsFrom, ...]:
    """What the column holds, which only TermsList fills."""
    if text == "[]":  # nearly always, and on the way of every payment
        return ()
    return tuple(
        TermsFrom(
            ContributionMonth.from_number(first),
            WorkSector(sector),
            Payer(payer),
            band,
            programmes_of(programmes),
            moment(recorded_at),
        )
        for first, sector, payer, band, programmes, recorded_at in cast(
            "list[tuple[int, str, str, int, str, int]]", json.loads(text)
        )
    )
