# SPDX-License-Identifier: Apache-2.0
"""``PacksInForce``: several dated rule packs, and which of them decides a question (decision 0134).

Cover is judged by the pack in force on the civil day of the event; what is paid is priced by the pack in force when it is paid.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Self

from cardservice.coverage.civil_time import civil_day
from cardservice.coverage.decide import coverage, decide
from cardservice.coverage.decision import Coverage
from cardservice.coverage.errors import RulePacksDisagree
from cardservice.coverage.programme import Programme
from cardservice.coverage.rule_pack import RulePack
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import Member


@dataclass(frozen=True, slots=True)
class PacksInForce:
    """At least one pack, in the order of their days. The first also decides what lies before its day: no older one is known."""

    packs: tuple[RulePack, ...]

    @classmethod
    def of(cls, packs: Iterable[RulePack]) -> Self:
        """Raises RulePacksDisagree for none at all, two of one day, or two of one number."""
        ordered = tuple(sorted(packs, key=lambda pack: pack.dated))
        if not ordered:
            raise RulePacksDisagree(field="dated", rule="at least one pack")
        for earlier, later in pairwise(ordered):
            if earlier.dated == later.dated:
                raise RulePacksDisagree(field="dated", rule=f"a day of its own: {earlier.name}, {later.name}")
        if len({pack.rules.number for pack in ordered}) != len(ordered):
            raise RulePacksDisagree(field="number", rule="a number of its own for each pack")
        return cls(ordered)

    def on(self, day: date) -> Rules:
        """The rules of a civil day."""
        begun = [pack for pack in self.packs if pack.dated <= day]
        return (begun or self.packs)[-1 if begun else 0].rules

    def at(self, moment: datetime) -> Rules:
        """The rules of the civil day (Jakarta) of an aware moment."""
        return self.on(civil_day(moment))

    def coverage(self, member: Member, programme: Programme, as_of: datetime, *, knowledge_at: datetime) -> Coverage:
        """Cover at a moment: judged by the rules of ``as_of``, the cure priced by those of ``knowledge_at``, when it would be paid."""
        return coverage(
            member,
            programme,
            as_of,
            knowledge_at,
            self.at(as_of),
            paid_under=self.at(knowledge_at),
        )

    def decide(self, member: Member, programme: Programme, service_date: date, *, now: datetime) -> Coverage:
        """Cover on a day: judged by the rules of the day asked about."""
        return decide(
            member, programme, service_date, now=now, rule_pack=self.on(service_date), paid_under=self.at(now)
        )
