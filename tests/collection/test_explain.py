# SPDX-License-Identifier: Apache-2.0
"""Questions about the past: for now the same answer as a verification gets, and for a moment that is past the same answer for ever."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cardservice.collection.credit import credit_payment, reverse_payment
from cardservice.collection.explain import Explanation, explain
from cardservice.collection.member_past import MemberPast
from cardservice.collection.packs_taken_in import take_in
from cardservice.coverage.decision import Coverage, CoverState, Reason
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.programme import Programme
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.records import audit_events, member_months, members
from cardservice.records.database import Database
from cardservice.records.member_months import MemberMonth
from cardservice.records.payments import PaymentRow
from tests.coverage.pack_folder import pack_folder
from tests.coverage.rules_2026 import PACKS_2026
from tests.records import rows

START = rows.NOW
MEMBER = rows.identifier("member", 1)
PROGRAMMES = (Programme.JKK, Programme.JKM)


@dataclass
class Books:
    """One member, and what happens to it day after day."""

    database: Database
    packs: PacksInForce = PACKS_2026
    now: datetime = START
    standing: list[PaymentRow] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        with self.database.begin() as connection:
            members.add(connection, rows.member(1))

    def pays(self, rupiah: int, *, taken: timedelta = timedelta()) -> PaymentRow:
        self.number += 1
        row = rows.payment(self.number, of_member=1, rupiah=rupiah)
        row = replace(row, received_at=self.now - taken, recorded_at=self.now)
        with self.database.begin() as connection:
            credited = credit_payment(connection, row, rules=self.packs.at(self.now))
            audit_events.append(connection, [credited.event])
        self.standing.append(row)
        return row

    def takes_back(self, row: PaymentRow) -> None:
        self.standing.remove(row)
        with self.database.begin() as connection:
            undone = reverse_payment(
                connection, row, partner_id="BCA", reason="error", at=self.now, rules=self.packs.at(self.now)
            )
            audit_events.append(connection, [undone.event])

    def is_listed(self, month: str, *, received_at: datetime | None = None) -> None:
        """What a list of members brings in."""
        first = ContributionMonth.parse(month)
        months = [MemberMonth(programme, first, 8_400, received_at, self.now) for programme in PROGRAMMES]
        with self.database.begin() as connection:
            member_months.add(connection, MEMBER, months)

    def explained(self, programme: Programme, as_of: datetime, known: datetime | None = None) -> Explanation:
        with self.database.read() as connection:
            return explain(connection, "P-0001", programme, as_of, knowledge_at=known or self.now, packs=self.packs)

    def hot(self, programme: Programme, as_of: datetime) -> Coverage:
        """What a verification would be told now."""
        with self.database.read() as connection:
            member = paid_record(connection, MEMBER).for_coverage()
        return self.packs.coverage(member, programme, as_of, knowledge_at=self.now)


def live(books: Books, chance: random.Random) -> None:
    """A day of somebody who pays when there is money."""
    books.now += timedelta(days=chance.randint(1, 40), hours=chance.randint(0, 23))
    deed = chance.choice(["pays", "pays", "pays", "takes back", "is listed"])
    if deed == "takes back" and books.standing:
        books.takes_back(chance.choice(books.standing))
    elif deed == "is listed":
        shift = chance.randint(-4, 3)
        month = ContributionMonth.of(books.now.date()) + shift
        books.is_listed(str(month), received_at=chance.choice([None, books.now - timedelta(days=2)]))
    else:
        books.pays(chance.choice([4_200, 8_400, 16_800, 20_000, 33_600]), taken=timedelta(hours=chance.randint(0, 20)))


@pytest.mark.parametrize("seed", range(3))
def test_for_now_it_says_what_a_verification_says_and_the_past_stays(
    database: Database, seed: int, tmp_path: Any
) -> None:
    packs = pack_folder(tmp_path / "packs")
    packs.put_two_months_of_grace("2027-03-01")
    chance, books = random.Random(seed), Books(database, take_in(database, packs.load(), START))
    kept: list[tuple[Programme, datetime, datetime, Explanation]] = []
    for step in range(12):
        if step == 6:  # a pack with a day that is past
            packs.put_dearer("2026-12-01")
            books.now += timedelta(seconds=1)
            books.packs = take_in(database, packs.load(), books.now)
        live(books, chance)
        for programme in PROGRAMMES:
            as_of = books.now - timedelta(days=chance.choice([0, 0, 3, 45]))
            told = books.explained(programme, as_of)
            assert told.decision == books.hot(programme, as_of)
            kept.append((programme, as_of, books.now, told))
    for programme, as_of, known, told in kept:
        now = books.explained(programme, as_of, known)
        assert now == told
    assert {bool(told.decision) for *_, told in kept} == {True, False}


def test_money_that_came_later_is_not_known_earlier(sqlite_database: Database) -> None:
    books = Books(sqlite_database)
    event = START
    books.now += timedelta(days=2)
    paid = books.pays(8_400)
    books.now += timedelta(days=1)
    before = books.explained(Programme.JKK, event, START + timedelta(days=1))
    assert (before.decision.state, before.decision.reason) == (CoverState.NEVER, Reason.NEVER_PAID)
    assert (before.months, before.payments) == ((), ())
    after = books.explained(Programme.JKK, event)
    assert after.decision.reason is Reason.PAID_AFTER_EVENT
    assert [each.payment.payment_id for each in after.payments] == [paid.payment_id]
    assert after.months[0].received_at == paid.received_at
    books.takes_back(paid)
    undone = books.explained(Programme.JKK, event)
    assert undone.payments[0].reversed_at == books.now
    assert undone.months == ()
    assert books.explained(Programme.JKK, event, books.now - timedelta(seconds=1)) == replace(
        after, knowledge_at=books.now - timedelta(seconds=1)
    )


def test_a_list_of_old_months_after_a_payment_takes_nothing_from_the_next_one(database: Database) -> None:
    """A list adds, and never takes away (decision 0054): what was bought stays bought, and no debts come up before the first payment."""
    books = Books(database)
    books.pays(8_400)
    books.now += timedelta(days=3)
    for month in ("2026-01", "2026-02", "2026-03"):
        books.is_listed(month)
    books.now += timedelta(days=3)
    books.pays(8_400)
    told = books.explained(Programme.JKK, books.now)
    assert [str(each.month) for each in told.months] == ["2026-01", "2026-02", "2026-03", "2026-11", "2026-12"]
    assert told.decision == books.hot(Programme.JKK, books.now)
    assert told.decision.paid_through == ContributionMonth(2026, 12)
    # What was known before the list is told as it was.
    before = books.explained(Programme.JKK, START, START)
    assert [str(each.month) for each in before.months] == ["2026-11"]


def test_a_pack_that_raises_a_price_from_a_month_on_unpays_nothing(sqlite_database: Database, tmp_path: Any) -> None:
    packs = pack_folder(tmp_path / "packs")
    dearer = 'is_flat: true\n    citation: {text: "PP 44/2015 as amended by PP 49/2023", confidence: high}'
    row = f'  - programme: JKM\n    minimum_rupiah: 7000\n    first: "2027-04"\n    {dearer}\n'
    packs.put(
        "dearer",
        ("number: 1", "number: 2"),
        ('dated: "2025-12-22"', 'dated: "2027-04-01"'),
        ("half_rates:", f"{row}\nhalf_rates:"),
    )
    books = Books(sqlite_database, packs.load())
    books.now = datetime(2027, 1, 10, 3, 0, tzinfo=UTC)
    books.pays(3 * 8_400)
    books.now = datetime(2027, 4, 10, 3, 0, tzinfo=UTC)
    books.pays(17_000)
    told = books.explained(Programme.JKM, books.now)
    assert [(str(each.month), each.amount) for each in told.months][-2:] == [("2027-03", 3_400), ("2027-04", 7_000)]
    assert told.decision.paid_through == ContributionMonth(2027, 4)


@pytest.mark.parametrize(
    "forget",
    [
        lambda past, _moment: past.imported,
        lambda past, moment: tuple(each for each in past.imported if each.recorded_at > moment),
    ],
)
def test_sabotage_imported_months_without_their_second_time_change_the_past(
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    forget: Callable[[MemberPast, datetime], tuple[MemberMonth, ...]],
) -> None:
    books = Books(sqlite_database)
    books.is_listed("2026-10")
    books.now += timedelta(days=1)
    known = books.now
    told = books.explained(Programme.JKK, known)
    books.now += timedelta(days=1)
    books.is_listed("2026-11")
    assert books.explained(Programme.JKK, known, known) == told
    monkeypatch.setattr(MemberPast, "imported_by", forget)
    assert books.explained(Programme.JKK, known, known) != told
