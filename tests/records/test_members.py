# SPDX-License-Identifier: Apache-2.0
"""Members and their paid months."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.decide import decide
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import PaidMonths, PaidSpan, Payer, WorkSector
from cardservice.records import member_months, members
from cardservice.records.database import Database
from cardservice.records.errors import ConstraintRefused, MemberExists, RecordNotFound
from cardservice.records.member_months import MemberMonth
from cardservice.records.paid_record import PaidRecord
from cardservice.records.paid_spans import spans_from_json, spans_of, spans_to_json
from tests.records import rows

MONTHS = st.integers(0, 40).map(lambda count: ContributionMonth(2024, 1) + count)
DAYS = st.none() | st.dates(date(2023, 1, 1), date(2027, 12, 31))
PAID_MONTHS = st.dictionaries(st.tuples(st.sampled_from(Programme), MONTHS), DAYS, max_size=30).map(
    lambda paid: [MemberMonth(programme, month, 8_400, day) for (programme, month), day in paid.items()]
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


def test_a_month_is_paid_once_and_keeps_its_day(database: Database) -> None:
    month = MemberMonth(Programme.JKK, ContributionMonth(2026, 3), 10_000, date(2026, 3, 5))
    later = replace(month, month=month.month + 1)
    member_id = rows.member(1).member_id
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        assert member_months.add(connection, member_id, [month]) == 1
        assert member_months.add(connection, member_id, [replace(month, amount=1, paid_on=None), later]) == 1
        assert member_months.of_member(connection, member_id) == (month, later)
        assert member_months.add(connection, member_id, []) == 0
        many = [replace(month, month=ContributionMonth(1950, 1) + count) for count in range(600)]
        assert member_months.add(connection, member_id, many) == 600


@given(PAID_MONTHS)
def test_spans_say_of_every_month_what_the_rows_say(paid: list[MemberMonth]) -> None:
    spans = spans_of(paid)
    for programme in Programme:
        months = spans.get(programme, PaidMonths())
        rows_of_it = {each.month: each.paid_on for each in paid if each.programme == programme}
        told = {
            span.first + offset: span.covers_from
            for span in months.spans
            for offset in range(span.last - span.first + 1)
        }
        assert told == rows_of_it


@given(PAID_MONTHS)
def test_spans_survive_their_column(paid: list[MemberMonth]) -> None:
    spans = spans_of(paid)
    assert spans_from_json(spans_to_json(spans)) == spans


def record(*spans: PaidSpan) -> PaidRecord:
    return PaidRecord(frozenset({Programme.JKK}), {Programme.JKK: PaidMonths(spans)}, WorkSector.OTHER, Payer.SELF)


def span(first: int, last: int, covers_from: date | None = None) -> PaidSpan:
    return PaidSpan(ContributionMonth.from_number(first), ContributionMonth.from_number(last), covers_from)


def test_paid_ahead_behind_a_gap_is_not_stated_on_the_card() -> None:
    """The reader of a cover proof takes every month before the stated one for paid."""
    ahead = record(span(202601, 202603), span(202706, 202706))
    assert ahead.paid_through(Programme.JKK) == 202706
    assert ahead.stated_through(rows.TODAY) == {1: 202603}
    assert record(span(202601, 202703)).stated_through(rows.TODAY) == {1: 202703}
    assert record().stated_through(rows.TODAY) == {}
    assert record(span(202701, 202701)).stated_through(rows.TODAY) == {}


@given(PAID_MONTHS, st.dates(date(2024, 1, 1), date(2027, 6, 30)))
def test_a_card_states_no_more_than_the_record_decides(paid: list[MemberMonth], day: date) -> None:
    """What an offline reader would decide from the proof on the day it was made, the server decides too."""
    known = PaidRecord(frozenset(Programme), spans_of(paid), WorkSector.OTHER, Payer.SELF)
    online = known.for_coverage()
    offline = type(online).of_cover_proof(known.stated_through(day), day)
    for programme in Programme:
        if decide(offline, programme, day):
            assert decide(online, programme, day)


def test_the_price_is_what_the_member_pays() -> None:
    basis = replace(record(), full_monthly_jkk=20_000, full_monthly_jht=40_000).for_coverage().basis
    assert basis is not None
    assert basis.full_monthly == {Programme.JKK: 20_000, Programme.JHT: 40_000}
    lowest = record().for_coverage().basis
    assert lowest is not None
    assert lowest.full_monthly == {}


def test_a_month_of_nobody_is_refused(database: Database) -> None:
    month = MemberMonth(Programme.JKK, ContributionMonth(2026, 3), 10_000, None)
    with pytest.raises(ConstraintRefused), database.begin() as connection:
        member_months.add(connection, "0" * 32, [month])
