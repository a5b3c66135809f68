# SPDX-License-Identifier: Apache-2.0
"""Whole years of a group: whatever joins, leaves, sums, moves and own payments come, who stays paid is never seen to go down and up again."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardservice.collection.errors import MonthsNotMovable
from cardservice.collection.group import move as module
from cardservice.collection.group.move import split_payment
from cardservice.collection.group.payer import join_group, leave_group
from cardservice.collection.group.statement import bill_statement
from cardservice.collection.member_ledger import read_ledger
from cardservice.coverage.civil_time import month_at
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.records import members
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound
from tests.collection.groups import CODE, NOW, Cooperative
from tests.coverage.rules_2026 import RULES_2026, coverage
from tests.records import rows

PEOPLE = 3
DAY = timedelta(days=1)
NUMBERS = count(1)
days, who = st.integers(0, 50), st.integers(0, PEOPLE - 1)
bills = st.dictionaries(who, st.integers(1, 12), min_size=1)
steps = st.one_of(
    st.tuples(st.just("bill"), days, bills),
    st.tuples(st.just("bill"), days, bills),
    st.tuples(st.just("alone"), days, st.tuples(who, st.sampled_from([400, 8_400, 9_000, 25_200]))),
    st.tuples(st.just("move"), days, st.tuples(who, who, st.integers(1, 4))),
    st.tuples(st.just("join"), days, who),
    st.tuples(st.just("leave"), days, who),
)


@dataclass
class Years:
    """What happens to a group of three, day by day. ``promised``: the months that a settled bill named for each, less those that moved away."""

    cooperative: Cooperative
    first: int
    at: datetime = NOW
    promised: dict[int, set[ContributionMonth]] = field(default_factory=dict)
    told: int = 0
    bills: list[str] = field(default_factory=list)

    def ref(self, person: int) -> str:
        return f"P-{self.first + person:04d}"

    def step(self, kind: str, wait: int, what: object) -> None:
        self.watch(wait)
        self.at += timedelta(minutes=1)
        getattr(self, kind)(what)

    def watch(self, wait: int) -> None:
        """Every day of every month that is promised, the member is covered."""
        with self.cooperative.database.read() as connection:
            standings = {
                each: paid_record(connection, rows.identifier("member", self.first + each)).for_coverage()
                for each in range(PEOPLE)
            }
        for _ in range(wait):
            for person, standing in standings.items():
                if month_at(self.at) in self.promised.get(person, set()):
                    assert coverage(standing, Programme.JKK, self.at), (person, self.at)
            self.at += DAY

    def bill(self, wanted: dict[int, int]) -> None:
        reference = f"b{self.first}-{len(self.bills)}"
        listed = "".join(f"{self.ref(person)},{months}\n" for person, months in wanted.items())
        drawn = self.cooperative.bill(listed, reference, at=self.at)
        assert not drawn.problems
        assert self.cooperative.pay(drawn.rupiah, f"TRF-{reference}", bill=reference, at=self.at)
        self.bills.append(reference)
        self.told += drawn.rupiah
        for person, row in zip(wanted, drawn.rows, strict=True):
            assert len({each.month for each in row.months}) == wanted[person]
            self.promised.setdefault(person, set()).update(each.month for each in row.months)

    def alone(self, what: tuple[int, int]) -> None:
        person, rupiah = what
        self.told += rupiah
        self.cooperative.pay_alone(self.first + person, rupiah, f"own-{next(NUMBERS)}", at=self.at)

    def move(self, what: tuple[int, int, int]) -> None:
        leaver, joiner, ahead = what
        first = month_at(self.at) + ahead
        try:
            self.cooperative.move(
                self.ref(leaver), self.ref(joiner), str(first), reference=f"m{next(NUMBERS)}", at=self.at
            )
        except MonthsNotMovable:
            return
        self.promised[leaver] = {each for each in self.promised[leaver] if each < first}

    def join(self, person: int) -> None:
        with self.cooperative.database.begin() as connection:
            join_group(connection, CODE, self.ref(person), by="ani", at=self.at)

    def leave(self, person: int) -> None:
        try:
            with self.cooperative.database.begin() as connection:
                leave_group(connection, CODE, self.ref(person), by="ani", at=self.at)
        except RecordNotFound:
            return

    def check_money(self) -> None:
        """Every rupiah is some member's, no month costs more than its price, and what buys none is credit."""
        stood = 0
        with self.cooperative.database.begin() as connection:
            for reference in self.bills:
                assert bill_statement(connection, CODE, reference).balanced
            for person in range(PEOPLE):
                member = members.get(connection, rows.identifier("member", self.first + person))
                known = read_ledger(connection, member)
                ledger = known.allocated(RULES_2026, self.at)
                cells: dict[tuple[Programme, ContributionMonth], int] = {}
                for part in known.parts:
                    cells[part.programme, part.month] = cells.get((part.programme, part.month), 0) + part.amount
                for (programme, month), amount in cells.items():
                    assert amount == RULES_2026.monthly_rupiah(programme, month, known.terms.for_month(month))
                assert sum(cells.values()) + ledger.credit == ledger.received
                stood += ledger.received
        assert stood == self.told


@pytest.fixture
def cooperative(sqlite_database: Database) -> Cooperative:
    return Cooperative(sqlite_database)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=1, max_size=9))
def test_who_stays_paid_stays_covered_every_day_and_every_rupiah_is_told(
    cooperative: Cooperative, happened: list[tuple[str, int, object]]
) -> None:
    years = Years(cooperative, next(NUMBERS) * 10)
    cooperative.enrol(*range(years.first, years.first + PEOPLE))
    for each in happened:
        years.step(*each)
    years.watch(400)
    years.check_money()


def test_sabotage_a_leaver_who_keeps_nothing_is_seen_to_go_down(
    cooperative: Cooperative, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: a move takes the whole payment from the leaver, the months that have begun with it."""
    monkeypatch.setattr(
        module, "split_payment", lambda *told, **named: replace(split_payment(*told, **named), kept=None)
    )
    years = Years(cooperative, 1)
    cooperative.enrol(1, 2, 3)
    for each in (("bill", 0, {0: 3}), ("join", 0, 1), ("move", 0, (0, 1, 1))):
        years.step(*each)
    with pytest.raises(AssertionError):
        years.watch(1)
