# SPDX-License-Identifier: Apache-2.0
"""Member lists: the good rows go through, every other is told with its line, field and rule, and nothing else is ever raised."""

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import WorkSector
from cardservice.enrolment import list_file, list_rows
from cardservice.enrolment.errors import EnrolmentError, ListHeadMalformed, ListNotUtf8, ListTooLarge
from cardservice.enrolment.list_file import MAX_OCTETS
from cardservice.enrolment.member_list import read_member_list
from cardservice.enrolment.member_row import REQUIRED_COLUMNS, MemberRow
from cardservice.enrolment.row_problem import Rule
from tests.enrolment.rows import COLUMNS, GOOD, OTHER, TODAY, octets, read


def test_a_good_row_with_every_value() -> None:
    listed = read(GOOD)
    assert listed.problems == ()
    assert listed.rows == (
        MemberRow(
            line=2,
            ref="P-0001",
            nik="3171014510909001",
            name="Siti Rahayu",
            birth_date=date(1990, 10, 5),
            work_sector=WorkSector.TRANSPORT,
            income_band=10_000,
            programmes=frozenset({Programme.JKK, Programme.JKM}),
            months=frozenset(ContributionMonth(2026, month) for month in (*range(1, 10), 11)),
            paid_on=None,
        ),
    )


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("ref", "", Rule.REF),
        ("ref", "a b", Rule.REF),
        ("ref", "=1+1", Rule.REF),
        ("ref", "x" * 33, Rule.REF),
        ("nik", "123", Rule.NIK_DIGITS),
        ("nik", "3.17101E+15", Rule.NIK_SPREADSHEET),
        ("nik", "3,17101E+15", Rule.NIK_SPREADSHEET),
        ("nik", "3171014510909001.0", Rule.NIK_SPREADSHEET),
        ("nik", "'3171014510909001", Rule.NIK_SPREADSHEET),
        ("nik", "0071014510909001", Rule.NIK_DISTRICT),
        ("nik", "3171013210909001", Rule.NIK_BIRTH_DATE),
        ("nik", "3171014510900000", Rule.NIK_SERIAL),
        ("name", "", Rule.NAME),
        ("name", "B00di", Rule.NAME),
        ("name", "Budi\u202e", Rule.NAME),
        ("ref", "3171014510909001", Rule.REF_IS_NIK),
        ("ref", "P-13171014510909001", Rule.REF_IS_NIK),
        ("name", ". -", Rule.NAME),
        ("name", "x" * 101, Rule.NAME),
        ("birth_date", "1990-02-30", Rule.BIRTH_DATE),
        ("birth_date", "30-01-1990", Rule.BIRTH_DATE),
        ("birth_date", "19900130", Rule.BIRTH_DATE),
        ("birth_date", "2026-11-23", Rule.BIRTH_DATE),
        ("birth_date", "1899-12-31", Rule.BIRTH_DATE),
        ("work_sector", "ojek", Rule.WORK_SECTOR),
        ("income_band", "10.000", Rule.INCOME_BAND),
        ("income_band", "9500", Rule.INCOME_BAND),
        ("income_band", "207500", Rule.INCOME_BAND),
        ("income_band", "10250", Rule.INCOME_BAND),
        ("income_band", "-10000", Rule.INCOME_BAND),
        ("programmes", "", Rule.PROGRAMMES),
        ("programmes", "JKK+JKM+JP", Rule.PROGRAMMES),
        ("programmes", "JKK+JKM+JKM", Rule.PROGRAMMES),
        ("programmes", "JHT", Rule.BASE_PAIR),
        ("programmes", "JKK+JHT", Rule.BASE_PAIR),
        ("months", "2026-09..2026-01", Rule.MONTHS),
        ("months", "Januari", Rule.MONTHS),
        ("months", "2013-12", Rule.MONTHS_RANGE),
        ("months", "2027-12", Rule.MONTHS_RANGE),
        ("paid_on", "23/11/2026", Rule.PAID_ON),
        ("paid_on", "2026-11-24", Rule.PAID_ON),
        ("region", "99", Rule.REGION),
        ("region", "31", Rule.REGION),
        ("region", "31.71", Rule.REGION),
    ],
)
def test_a_bad_field_is_told_and_the_row_after_it_goes_through(field: str, value: str, rule: Rule) -> None:
    listed = read({**GOOD, field: value}, OTHER)
    assert [(problem.line, problem.field, problem.rule) for problem in listed.problems] == [(2, field, rule)]
    assert [row.ref for row in listed.rows] == ["P-0002"]
    assert listed.refused == 1


def test_sixteen_digits_that_are_no_nik_can_be_a_reference() -> None:
    assert [row.ref for row in read({**GOOD, "ref": "9901010101010001"}).rows] == ["9901010101010001"]


def test_every_fault_of_a_row_is_told_and_the_row_counts_once() -> None:
    listed = read({**GOOD, "nik": "1", "months": "x", "programmes": "JHT"})
    assert [problem.rule for problem in listed.problems] == [Rule.NIK_DIGITS, Rule.BASE_PAIR, Rule.MONTHS]
    assert listed.refused == 1


@pytest.mark.parametrize("field", COLUMNS)
def test_no_problem_shows_a_nik_name_or_birth_date_even_from_the_wrong_column(field: str) -> None:
    listed = read({**GOOD, field: "3171014510909001" if field != "nik" else "31710145109090017"})
    for problem in listed.problems:
        assert "3171014510909001" not in repr(problem)
    named = read({**GOOD, "name": "Rahasia1"}, {**OTHER, "birth_date": "1990-13-13"})
    assert not any("Rahasia" in repr(problem) or "1990" in repr(problem) for problem in named.problems)


def test_a_row_shows_no_personal_data_in_its_repr() -> None:
    (row,) = read(GOOD).rows
    assert not any(secret in repr(row) for secret in ("3171014510909001", "Siti", "1990"))


def test_a_repeated_reference_or_nik_is_told_with_the_line_that_stands() -> None:
    listed = read(GOOD, {**OTHER, "ref": "P-0001"}, {**OTHER, "nik": GOOD["nik"]}, OTHER)
    assert [(each.line, each.rule, each.evidence["first_line"]) for each in listed.problems] == [
        (3, Rule.REF_REPEATED, 2),
        (4, Rule.NIK_REPEATED, 2),
    ]
    # The NIK of line 3 was not taken by it: the row was refused.
    assert [row.line for row in listed.rows] == [2, 5]


def test_a_quotation_mark_that_never_closes_spoils_its_own_row_only() -> None:
    text = octets(GOOD).decode() + '"P-0009,1,2,3,4,5,6,7,8\n' + octets(OTHER).decode().partition("\n")[2]
    listed = read_member_list(text.encode(), today=TODAY)
    assert [(problem.line, problem.rule) for problem in listed.problems] == [(3, Rule.QUOTING)]
    assert [row.line for row in listed.rows] == [2, 4]


def test_a_row_with_fields_missing_or_too_many_is_told() -> None:
    text = octets().decode() + "P-0001,1\n" + ",".join(GOOD.values()) + ",more\n"
    listed = read_member_list(text.encode(), today=TODAY)
    assert [(each.line, each.rule, each.evidence["found"]) for each in listed.problems] == [
        (2, Rule.FIELD_COUNT, 2),
        (3, Rule.FIELD_COUNT, 11),
    ]


@pytest.mark.parametrize("length", [4_001, 8_001, 200_000])
def test_a_field_without_end_is_told(length: int) -> None:
    listed = read({**GOOD, "months": "2" * length}, OTHER)
    assert [problem.rule for problem in listed.problems] == [Rule.TOO_LONG]
    assert len(listed.rows) == 1


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_system_s_line_ends_and_a_byte_order_mark_are_fine(line_end: str, mark: str) -> None:
    text = mark + octets(GOOD, OTHER).decode().replace("\n", line_end) + line_end + "  " + line_end
    listed = read_member_list(text.encode(), today=TODAY)
    assert ([row.line for row in listed.rows], listed.problems) == ([2, 3], ())


def test_columns_may_come_in_any_order_and_the_day_of_payment_is_optional() -> None:
    listed = read_member_list(
        octets({name: GOOD[name] for name in REQUIRED_COLUMNS}, columns=REQUIRED_COLUMNS[::-1]), today=TODAY
    )
    assert [row.ref for row in listed.rows] == ["P-0001"]


@pytest.mark.parametrize(
    ("head", "evidence"),
    [
        (",".join(COLUMNS[1:]), {"missing": "ref"}),
        (",".join([*COLUMNS, "phone"]), {"unknown": "phone"}),
        (",".join([*COLUMNS, "ref"]), {"repeated": "ref"}),
        (";".join(COLUMNS), {"missing": ", ".join(REQUIRED_COLUMNS)}),
        ("", {"missing": ", ".join(REQUIRED_COLUMNS), "unknown": "-", "repeated": "-"}),
    ],
)
def test_a_head_that_does_not_name_the_columns_is_refused(head: str, evidence: dict[str, str]) -> None:
    with pytest.raises(ListHeadMalformed) as refused:
        read_member_list(head.encode(), today=TODAY)
    assert evidence.items() <= refused.value.evidence.items()


def test_what_is_not_utf8_is_refused_without_showing_it() -> None:
    with pytest.raises(ListNotUtf8) as refused:
        read_member_list(octets(GOOD) + b"\x81\xfeBudi", today=TODAY)
    assert refused.value.evidence == {"octet": len(octets(GOOD)), "looks_like": "?"}
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("octets_after", "looks_like"), [("Andr\u00e9".encode("cp1252"), "Windows-1252"), (b"\xff\xfe", "Windows-1252")]
)
def test_an_old_spreadsheet_s_encoding_is_named(octets_after: bytes, looks_like: str) -> None:
    with pytest.raises(ListNotUtf8) as refused:
        read_member_list(octets(GOOD) + octets_after, today=TODAY)
    assert refused.value.evidence["looks_like"] == looks_like


def test_utf_16_is_named() -> None:
    with pytest.raises(ListNotUtf8) as refused:
        read_member_list(octets(GOOD).decode().encode("utf-16"), today=TODAY)
    assert refused.value.evidence == {"octet": 0, "looks_like": "UTF-16"}


def test_a_bad_octet_far_behind_is_seen_before_the_first_row_is_used() -> None:
    long = octets(GOOD) + b"P-2,1\n" * 30_000
    with pytest.raises(ListNotUtf8) as refused:
        list_file.examine(io.BytesIO(long + b"\xff"))
    assert refused.value.evidence["octet"] == len(long)


def test_a_list_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ListTooLarge) as refused:
        read_member_list(b"x" * (MAX_OCTETS + 1), today=TODAY)
    assert refused.value.evidence["what"] == "octets"
    for looked_at in (list_file, list_rows):  # before the first row is used, and again as rows come
        with monkeypatch.context() as patched:
            patched.setattr(looked_at, "MAX_ROWS", 1)
            assert len(read(GOOD).rows) == 1
            with pytest.raises(ListTooLarge):
                read(GOOD, OTHER)


@given(st.binary(max_size=400), st.sampled_from([b"", octets(GOOD)]))
def test_any_octets_are_read_or_refused_with_our_error(noise: bytes, before: bytes) -> None:
    try:
        listed = read_member_list(before + noise, today=TODAY)
    except EnrolmentError:
        return
    assert len(listed.rows) >= bool(before)


@given(st.text(alphabet=',"\n\r;P-0123456789JKMHT+.é ', max_size=300))
def test_any_lines_give_each_row_once_good_or_refused(noise: str) -> None:
    listed = read_member_list(octets(GOOD) + noise.encode(), today=TODAY)
    assert not {row.line for row in listed.rows} & {problem.line for problem in listed.problems}
