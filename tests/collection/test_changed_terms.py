# SPDX-License-Identifier: Apache-2.0
"""A list corrects sector, band or programmes of somebody who pays: what is paid stays paid, debts keep their price, the past is told as it was."""

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cardservice.collection import member_ledger
from cardservice.collection.bill import draw_bill
from cardservice.collection.credit import credit_payment
from cardservice.collection.explain import explain
from cardservice.collection.member_ledger import read_ledger
from cardservice.coverage.decision import Coverage, CoverState, Reason
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.terms import MemberTerms
from cardservice.enrolment.import_list import import_list
from cardservice.enrolment.income_band import contribution_basis
from cardservice.enrolment.list_file import examine
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.records import audit_events, members
from cardservice.records.database import Database
from cardservice.records.members import Member
from hsm.in_process import InProcessKeys
from tests.coverage.rules_2026 import PACKS_2026
from tests.enrolment.importing import importing, new_keys, person
from tests.enrolment.rows import octets
from tests.records import rows

JKK, JKM, JHT = Programme.JKK, Programme.JKM, Programme.JHT


@dataclass
class Office:
    """One member, enrolled and corrected by lists, who pays month by month."""

    database: Database
    keys: InProcessKeys = field(default_factory=new_keys)
    now: datetime = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
    number: int = 0

    def lists(self, **change: str) -> None:
        row = person(1, **{"months": "", "work_sector": "other", "income_band": "10000", **change})
        desk = replace(importing(self.database, self.keys), now=lambda: self.now)
        done = import_list(desk, examine(io.BytesIO(octets(row))), today=self.now.date())
        assert done.rows_refused == 0

    def member(self) -> Member:
        with self.database.read() as connection:
            found = members.find_by_ref(connection, "P-0001")
        assert found is not None
        return found

    def pays(self, rupiah: int, when: str) -> list[tuple[str, str, int]]:
        self.now = datetime.fromisoformat(f"{when}T10:00:00+07:00")
        self.number += 1
        row = rows.payment(self.number, rupiah=rupiah)
        row = replace(row, member_id=self.member().member_id, received_at=self.now, recorded_at=self.now)
        with self.database.begin() as connection:
            credited = credit_payment(connection, row, rules=PACKS_2026.at(self.now))
            audit_events.append(connection, [credited.event])
        return [(str(each.month), each.programme.value, each.amount) for each in credited.bought]

    def due(self) -> int:
        with self.database.read() as connection:
            member = members.get(connection, self.member().member_id)
            return draw_bill(read_ledger(connection, member), PACKS_2026.at(self.now), self.now).due

    def told(self, programme: Programme = JKK) -> Coverage:
        with self.database.read() as connection:
            known = paid_record(connection, self.member().member_id)
        # Through the column, as a verification reads it.
        known = type(known).of_columns(known.columns())
        return PACKS_2026.coverage(known.for_coverage(), programme, self.now, knowledge_at=self.now)

    def explained(self, programme: Programme, at: datetime) -> Coverage:
        with self.database.read() as connection:
            return explain(connection, "P-0001", programme, at, knowledge_at=at, packs=PACKS_2026).decision


@pytest.fixture
def office(database: Database) -> Office:
    """Paid from April through October, 8,400 a month."""
    opened = Office(database)
    opened.lists()
    for month in range(4, 11):
        assert len(opened.pays(8_400, f"2026-{month:02d}-05")) == 2
    return opened


def test_a_band_that_is_corrected_unpays_no_month(office: Office) -> None:
    before, then = office.told(), office.now
    office.lists(income_band="50000")
    assert office.told() == before
    assert office.pays(28_400, "2026-11-05") == [("2026-11", "JKK", 25_000), ("2026-11", "JKM", 3_400)]
    assert (office.told().state, office.told().paid_through) == (CoverState.ACTIVE, ContributionMonth(2026, 11))
    assert office.explained(JKK, then) == before
    assert office.explained(JKK, office.now) == office.told()


def test_debts_of_before_keep_their_price_in_bill_and_cure(office: Office) -> None:
    # Nothing is paid for November and December; from December on the month costs more.
    office.now = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
    office.lists(income_band="50000")
    cure = office.told().cure
    assert cure is not None
    assert (cure.amount_rupiah, office.due()) == (8_400 + 28_400, 8_400 + 28_400)
    assert [(str(each.month), each.amount_rupiah) for each in cure.dues if each.programme is JKK] == [
        ("2026-11", 5_000),
        ("2026-12", 25_000),
    ]
    office.pays(36_800, "2026-12-04")
    assert office.told().paid_through == ContributionMonth(2026, 12)


def test_another_sector_counts_from_the_next_month_on(office: Office) -> None:
    office.lists(work_sector="transport")
    # The windows of PP 50/2025 are the sector's own: January 2027 is half for transport only.
    assert office.pays(3 * 8_400, "2026-11-05")[-1] == ("2027-01", "JKM", 3_400)


def test_savings_that_are_joined_later_take_nothing_of_what_was_paid_before(office: Office) -> None:
    then = office.now
    office.now += timedelta(days=1)
    office.lists(programmes="JKK+JKM+JHT")
    assert office.due() == 0
    assert office.pays(28_400, "2026-11-05") == [
        ("2026-11", "JHT", 20_000),
        ("2026-11", "JKK", 5_000),
        ("2026-11", "JKM", 3_400),
    ]
    assert {office.told(each).state for each in (JKK, JHT)} == {CoverState.ACTIVE}
    assert office.explained(JHT, then).reason is Reason.PROGRAMME_NOT_JOINED


def test_savings_that_are_left_stay_paid_and_are_owed_no_more(office: Office) -> None:
    office.lists(programmes="JKK+JKM+JHT")
    office.pays(28_400, "2026-11-05")
    office.lists(programmes="JKK+JKM")
    assert office.pays(8_400, "2026-12-05") == [("2026-12", "JKK", 5_000), ("2026-12", "JKM", 3_400)]
    with office.database.read() as connection:
        known = read_ledger(connection, office.member())
    assert (JHT, ContributionMonth(2026, 11)) in known.bought
    assert office.told(JHT).reason is Reason.PROGRAMME_NOT_JOINED


def test_a_debt_of_savings_that_are_left_takes_no_money(office: Office) -> None:
    office.lists(programmes="JKK+JKM+JHT")
    office.now = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
    office.lists(programmes="JKK+JKM")
    office.now += timedelta(seconds=1)
    cure = office.told().cure
    assert cure is not None
    assert (cure.amount_rupiah, office.due()) == (16_800, 16_800)
    assert len(office.pays(16_800, "2026-12-04")) == 4
    assert office.told().paid_through == ContributionMonth(2026, 12)


def test_sabotage_present_terms_for_all_time_would_unpay_months(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def present(member: Any) -> MemberTerms:
        basis = contribution_basis(member.work_sector, member.payer, member.income_band)
        return MemberTerms.constant(dict.fromkeys(sorted(member.programmes)), basis)

    monkeypatch.setattr(member_ledger, "terms_of", present)
    office.lists(income_band="50000")
    paid_through = office.told().paid_through
    office.pays(28_400, "2026-11-05")
    assert paid_through == ContributionMonth(2026, 10)
    assert office.told().paid_through == ContributionMonth(2026, 9)
