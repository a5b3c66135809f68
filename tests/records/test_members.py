# SPDX-License-Identifier: Apache-2.0
"""Members and their paid months."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.civil_time import JAKARTA
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import ContributionBasis, PaidMonths, PaidSpan, Payer, WorkSector
from cardservice.coverage.terms import BasisFrom
from cardservice.records import member_account, member_months, members
from cardservice.records.database import Database
from cardservice.records.errors import ConstraintRefused, MemberExists, RecordNotFound
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth
from cardservice.records.member_terms import TermsFrom
from cardservice.records.paid_record import PaidRecord
from cardservice.records.paid_spans import spans_from_json, spans_of, spans_to_json
from tests.coverage.rules_2026 import coverage
from tests.records import rows

MONTHS = st.integers(0, 40).map(lambda count: ContributionMonth(2024, 1) + count)
INSTANTS = st.datetimes(datetime(2023, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by Hypothesis
PAID_MONTHS = st.dictionaries(st.tuples(st.sampled_from(Programme), MONTHS), st.none() | INSTANTS, max_size=30).map(
    lambda paid: [MemberMonth(programme, month, 8_400, at, rows.NOW) for (programme, month), at in paid.items()]
)


def test_a_member_comes_back_sealed_and_is_found_by_ref_and_fingerprint(database: Database) -> None:
    with database.begin() as connection:
        for number in (1, 2):
            members.add(connection, rows.member(number))
        first = rows.member(1)
        assert members.get(connection, first.member_id) == first
        assert members.find_by_ref(connection, "P-0001") == first
        assert members.find_by_nik_index(connection, first.nik_index) == first
        assert members.find_by_refs(connection, ["P-0002", "P-0404"]) == {"P-0002": rows.member(2)}
        assert members.held_by_nik_index(connection, [first.nik_index, bytes(16)]) == {
            first.nik_index: (first.member_id, "P-0001")
        }
        assert members.find_by_ref(connection, "P-0404") is None
        assert members.find_by_nik_index(connection, bytes(16)) is None
        with pytest.raises(RecordNotFound):
            members.get(connection, "0" * 32)


def test_nothing_personal_in_repr() -> None:
    member = rows.member(1)
    for sealed in (
        member.nik_sealed,
        member.nik_index,
        member.name_sealed,
        member.birth_date_sealed,
        member.details_index,
    ):
        assert repr(sealed) not in repr(member)


@pytest.mark.parametrize("field", ["external_ref", "nik_index"])
def test_a_reference_and_a_nik_belong_to_one_member(database: Database, field: str) -> None:
    twin = replace(rows.member(2), **{field: getattr(rows.member(1), field)})
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        with pytest.raises(MemberExists) as refused:
            members.add(connection, twin)
    assert refused.value.evidence == {"field": {"external_ref": "external_ref", "nik_index": "nik"}[field]}


def test_details_change_and_identity_does_not(database: Database) -> None:
    first = rows.member(1)
    changed = replace(first, name_sealed=b"new", work_sector=WorkSector.OTHER, programmes=frozenset(Programme))
    with database.begin() as connection:
        members.add(connection, first)
        members.replace_details(connection, replace(changed, nik_index=bytes(16), created_at=rows.LATER))
        assert members.get(connection, first.member_id) == changed
        with pytest.raises(RecordNotFound):
            members.replace_details(connection, rows.member(2))


def test_a_month_is_paid_once_and_keeps_its_moment(database: Database) -> None:
    month = MemberMonth(Programme.JKK, ContributionMonth(2026, 3), 10_000, rows.NOW, rows.LATER)
    later = replace(month, month=month.month + 1)
    member_id = rows.member(1).member_id
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        assert member_months.add(connection, member_id, [month]) == 1
        assert member_months.add(connection, member_id, [replace(month, amount=1, received_at=None), later]) == 1
        assert member_months.of_member(connection, member_id) == (month, later)
        assert member_months.add(connection, member_id, []) == 0
        many = [replace(month, month=ContributionMonth(1950, 1) + count) for count in range(600)]
        assert member_months.add(connection, member_id, many) == 600


@given(PAID_MONTHS)
def test_spans_say_of_every_month_what_the_rows_say(paid: list[MemberMonth]) -> None:
    spans = spans_of(paid)
    for programme in Programme:
        months = spans.get(programme, PaidMonths())
        rows_of_it = {each.month: each.received_at for each in paid if each.programme == programme}
        told = {
            span.first + offset: span.arrived_at
            for span in months.spans
            for offset in range(span.last - span.first + 1)
        }
        assert told == rows_of_it


@given(PAID_MONTHS)
def test_spans_survive_their_column(paid: list[MemberMonth]) -> None:
    spans = spans_of(paid)
    account = MemberAccount(len(paid), {each.programme: each.month for each in paid})
    basis = ContributionBasis(WorkSector.TRANSPORT, Payer.APBD, {Programme.JKK: 12_000})
    bases = tuple(BasisFrom(each.month, basis, each.recorded_at) for each in paid)
    assert spans_from_json(spans_to_json(spans, account, bases)) == (spans, account, bases)


def test_terms_are_kept_with_the_member(database: Database) -> None:
    plain = rows.member(1)
    first = TermsFrom(ContributionMonth(1, 1), plain.work_sector, plain.payer, 10_000, plain.programmes, rows.NOW)
    then = TermsFrom(
        ContributionMonth(2026, 12), WorkSector.OTHER, Payer.GROUP, 50_000, frozenset(Programme), rows.LATER
    )
    with database.begin() as connection:
        members.add(connection, plain)
        assert members.get(connection, plain.member_id).terms == ()
        members.replace_details(connection, replace(plain, terms=(first, then)))
        assert members.lock(connection, plain.member_id).terms == (first, then)


def test_an_account_is_kept_anew_each_time_and_starts_empty(database: Database) -> None:
    member_id = rows.member(1).member_id
    owed = MemberAccount(16_799, {Programme.JKK: ContributionMonth(2026, 3)})
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        assert member_account.of_member(connection, member_id) == MemberAccount()
        member_account.keep(connection, member_id, owed)
        assert member_account.of_member(connection, member_id) == owed
        member_account.keep(connection, member_id, MemberAccount(1))
        assert member_account.of_member(connection, member_id) == MemberAccount(1)


@pytest.mark.parametrize(("member_id", "credit"), [(rows.identifier("member", 1), -1), ("0" * 32, 1)])
def test_no_account_is_overdrawn_or_nobody_s(database: Database, member_id: str, credit: int) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
    with pytest.raises(ConstraintRefused), database.begin() as connection:
        member_account.keep(connection, member_id, MemberAccount(credit))


def record(*spans: PaidSpan) -> PaidRecord:
    return PaidRecord(frozenset({Programme.JKK}), {Programme.JKK: PaidMonths(spans)}, WorkSector.OTHER, Payer.SELF)


def span(first: int, last: int, arrived_at: datetime | None = None) -> PaidSpan:
    return PaidSpan(ContributionMonth.from_number(first), ContributionMonth.from_number(last), arrived_at)


def test_paid_ahead_behind_a_gap_is_not_stated_on_the_card() -> None:
    """The reader of a cover proof takes every month before the stated one for paid."""
    ahead = record(span(202601, 202603), span(202706, 202706))
    assert ahead.paid_through(Programme.JKK) == 202706
    assert ahead.stated_through(rows.NOW) == {1: 202603}
    assert record(span(202601, 202703)).stated_through(rows.NOW) == {1: 202703}
    assert record().stated_through(rows.NOW) == {}
    assert record(span(202701, 202701)).stated_through(rows.NOW) == {}


@given(PAID_MONTHS, INSTANTS)
def test_a_card_states_no_more_than_the_record_decides(paid: list[MemberMonth], at: datetime) -> None:
    """What an offline reader would decide from the proof at the moment it was made, the server decides too."""
    known = PaidRecord(frozenset(Programme), spans_of(paid), WorkSector.OTHER, Payer.SELF)
    online = known.for_coverage()
    offline = type(online).of_cover_proof(known.stated_through(at.astimezone(JAKARTA)), at)
    for programme in Programme:
        if coverage(offline, programme, at):
            assert coverage(online, programme, at)


def test_the_price_is_what_the_member_pays() -> None:
    basis = replace(record(), full_monthly_jkk=20_000, full_monthly_jht=40_000).for_coverage().basis
    assert isinstance(basis, ContributionBasis)
    assert basis.full_monthly == {Programme.JKK: 20_000, Programme.JHT: 40_000}
    lowest = record().for_coverage().basis
    assert isinstance(lowest, ContributionBasis)
    assert lowest.full_monthly == {}


def test_a_month_of_nobody_is_refused(database: Database) -> None:
    month = MemberMonth(Programme.JKK, ContributionMonth(2026, 3), 10_000, None, rows.NOW)
    with pytest.raises(ConstraintRefused), database.begin() as connection:
        member_months.add(connection, "0" * 32, [month])
