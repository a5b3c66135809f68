# SPDX-License-Identifier: Apache-2.0
"""``PacksInForce``: several dated rule packs, and which of them decides a question (decision 0134).

Cover is judged by the pack in force on the civil day of the event; what is paid is priced by the pack in force when it is paid. What is asked by the
knowledge of an earlier moment is answered by the packs that were known at that moment (decision 0184).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    """At least one pack, in the order of their days. The first also decides what lies before its day: no older one is known.

    ``known_from`` says by a pack's number since when it is known here; one that is not in it has always been.
    """

    packs: tuple[RulePack, ...]
    known_from: Mapping[int, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, packs: Iterable[RulePack], known_from: Mapping[int, datetime] | None = None) -> Self:
        """Raises RulePacksDisagree for none at all, two of one day, or two of one number."""
        ordered = tuple(sorted(packs, key=lambda pack: pack.dated))
        if not ordered:
            raise RulePacksDisagree(field="dated", rule="at least one pack")
        for earlier, later in pairwise(ordered):
            if earlier.dated == later.dated:
                raise RulePacksDisagree(field="dated", rule=f"a day of its own: {earlier.name}, {later.name}")
        if len({pack.rules.number for pack in ordered}) != len(ordered):
            raise RulePacksDisagree(field="number", rule="a number of its own for each pack")
        return cls(ordered, known_from or {})

    def known_at(self, moment: datetime) -> tuple[RulePack, ...]:
        """The packs that were known at an aware moment; before any was, those that came first."""
        known_from = [self.known_from.get(pack.rules.number) for pack in self.packs]
        limit = moment if None in known_from else max(moment, min(each for each in known_from if each is not None))
        return tuple(
            pack for pack, since in zip(self.packs, known_from, strict=True) if since is None or since <= limit
        )

    def on(self, day: date, *, known_at: datetime) -> Rules:
        """The rules of a civil day, by the packs known at a moment."""
        known = self.known_at(known_at)
        begun = [pack for pack in known if pack.dated <= day]
        return (begun or known)[-1 if begun else 0].rules

    def at(self, moment: datetime, *, known_at: datetime | None = None) -> Rules:
        """The rules of the civil day (Jakarta) of an aware moment, by the packs known then, or at another moment."""
        return self.on(civil_day(moment), known_at=known_at or moment)

    def coverage(self, member: Member, programme: Programme, as_of: datetime, *, knowledge_at: datetime) -> Coverage:
        """Cover at a moment: judged by the rules of ``as_of`` as known at ``knowledge_at``, the cure priced by those of then, when it would be paid."""
        return coverage(
            member,
            programme,
            as_of,
            knowledge_at,
            self.at(as_of, known_at=knowledge_at),
            paid_under=self.at(knowledge_at),
        )

    def decide(self, member: Member, programme: Programme, service_date: date, *, now: datetime) -> Coverage:
        """Cover on a day: judged by the rules of the day asked about."""
        return decide(
            member,
            programme,
            service_date,
            now=now,
            rule_pack=self.on(service_date, known_at=now),
            paid_under=self.at(now),
        )
