# SPDX-License-Identifier: Apache-2.0
"""The import of member lists, on both databases, with the real sealer and blind index of the key process."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cardservice.clock import monotonic
from cardservice.coverage.decision import Reason
from cardservice.coverage.programme import Programme
from cardservice.enrolment import import_members as module
from cardservice.enrolment.import_members import ImportReport, import_members
from cardservice.enrolment.member_list import MemberList, read_member_list
from cardservice.enrolment.personal_data import (
    birth_date_context,
    fingerprints,
    name_context,
    nik_context,
    nik_fingerprint,
)
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.enrolment.row_problem import Rule
from cardservice.records import audit_events, member_months, members
from cardservice.records.database import Database
from cardservice.records.members import Member
from hsm.errors import HsmError
from hsm.in_process import InProcessKeys
from tests.coverage.rules_2026 import RULES_2026, coverage, decide
from tests.enrolment.rows import GOOD, OTHER, TODAY, read

AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "examples" / "members.csv"
NIK = GOOD["nik"]


@pytest.fixture(scope="module")
def keys() -> InProcessKeys:
    return InProcessKeys.with_new_keys(clock=lambda: AT, monotonic=monotonic, randomness=os.urandom)


Importing = Callable[[MemberList], ImportReport]


@pytest.fixture
def put(database: Database, keys: InProcessKeys) -> Importing:
    def importing(listed: MemberList) -> ImportReport:
        return import_members(
            database,
            listed,
            sealer=keys.sealer,
            blind_index=keys.blind_index,
            new_id=lambda: os.urandom(16).hex(),
            at=AT,
            rules=RULES_2026,
        )

    return importing


def member(database: Database, ref: str) -> Member:
    with database.read() as connection:
        found = members.find_by_ref(connection, ref)
    assert found is not None
    return found


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.unchanged, report.changed, report.refused


def everything(database: Database) -> list[list[tuple[object, ...]]]:
    """All rows that an import could touch."""
    with database.read() as connection:
        return [
            [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in (members.members, member_months.member_months, audit_events.audit_events)
        ]


def test_the_example_goes_in_and_a_second_time_changes_nothing(database: Database, put: Importing) -> None:
    listed = read_member_list(EXAMPLE.read_bytes(), today=TODAY)
    assert counts(put(listed)) == (200, 0, 0, 7)
    before = everything(database)
    again = put(listed)
    assert counts(again) == (0, 200, 0, 7)
    assert again.rows == 207
    assert [problem.line for problem in again.problems] == sorted(problem.line for problem in listed.problems)
    assert everything(database) == before


def test_personal_data_are_sealed_each_under_its_own_context(
    database: Database, put: Importing, keys: InProcessKeys
) -> None:
    put(read(GOOD))
    kept = member(database, "P-0001")
    opened = [
        keys.sealer.unseal(context(kept.member_id), sealed, reason="test")
        for context, sealed in (
            (nik_context, kept.nik_sealed),
            (name_context, kept.name_sealed),
            (birth_date_context, kept.birth_date_sealed),
        )
    ]
    assert opened == [NIK.encode(), b"Siti Rahayu", b"1990-10-05"]
    with pytest.raises(HsmError):
        keys.sealer.unseal(name_context(kept.member_id), kept.nik_sealed, reason="test")
    with database.read() as connection:
        found = members.find_by_nik_index(connection, nik_fingerprint(keys.blind_index, NIK))
    assert found == kept


def test_no_table_holds_a_nik_name_or_birth_date_in_clear(database: Database, put: Importing) -> None:
    put(read(GOOD, {**OTHER, "nik": NIK}))
    shown = repr(everything(database))
    assert "P-0001" in shown
    assert not any(secret in shown for secret in (NIK, "Siti", "Rahayu", "1990-10-05"))


def test_a_month_costs_what_the_rules_say_for_its_month_and_sector(database: Database, put: Importing) -> None:
    put(read({**GOOD, "months": "2025-12..2026-01"}))
    with database.read() as connection:
        months = member_months.of_member(connection, member(database, "P-0001").member_id)
    assert [(each.programme, str(each.month), each.amount) for each in months] == [
        (Programme.JKK, "2025-12", 10_000),
        (Programme.JKK, "2026-01", 5_000),
        (Programme.JKM, "2025-12", 6_800),
        (Programme.JKM, "2026-01", 3_400),
    ]


def test_more_months_change_a_member_and_fewer_take_nothing_away(database: Database, put: Importing) -> None:
    put(read({**GOOD, "months": "2026-01"}))
    assert counts(put(read({**GOOD, "months": "2026-01..2026-02"}))) == (0, 0, 1, 0)
    assert counts(put(read({**GOOD, "months": ""}))) == (0, 1, 0, 0)
    with database.read() as connection:
        months = member_months.of_member(connection, member(database, "P-0001").member_id)
    assert len(months) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Siti Rahayu Putri"},
        {"birth_date": "1990-10-06"},
        {"work_sector": "other"},
        {"income_band": "24500"},
        {"programmes": "JKK+JKM+JHT"},
    ],
)
def test_a_changed_field_changes_the_member_once(
    database: Database, put: Importing, keys: InProcessKeys, change: dict[str, str]
) -> None:
    put(read(GOOD))
    before = member(database, "P-0001")
    assert counts(put(read({**GOOD, **change}))) == (0, 0, 1, 0)
    after = member(database, "P-0001")
    assert counts(put(read({**GOOD, **change}))) == (0, 1, 0, 0)
    assert member(database, "P-0001") == after
    assert (after.member_id, after.nik_sealed, after.created_at) == (
        before.member_id,
        before.nik_sealed,
        before.created_at,
    )
    name = keys.sealer.unseal(name_context(after.member_id), after.name_sealed, reason="test").decode()
    assert name == {**GOOD, **change}["name"]


def test_a_nik_of_another_member_is_refused_without_showing_it(put: Importing) -> None:
    put(read(GOOD))
    report = put(read({**OTHER, "nik": NIK}))
    assert counts(report) == (0, 0, 0, 1)
    assert [(problem.line, problem.field, problem.rule) for problem in report.problems] == [(2, "nik", Rule.NIK_TAKEN)]
    assert NIK not in repr(report)


def test_a_list_never_changes_a_nik(database: Database, put: Importing) -> None:
    put(read(GOOD))
    before = everything(database)
    report = put(read({**GOOD, "nik": OTHER["nik"]}))
    assert [problem.rule for problem in report.problems] == [Rule.NIK_DIFFERS]
    assert everything(database) == before


def test_the_trail_tells_who_was_enrolled_and_changed_and_nothing_personal(database: Database, put: Importing) -> None:
    put(read(GOOD))
    put(read({**GOOD, "months": "2026-01..2026-11"}))
    with database.read() as connection:
        kept = audit_events.of_member(connection, member(database, "P-0001").member_id)
    assert [(each.event.kind, each.event.detail) for each in kept] == [
        ("member.enrolled", {"months_added": 20, "through": "PUSAT"}),
        ("member.changed", {"months_added": 2, "through": "PUSAT"}),
    ]


def test_money_that_came_late_covers_no_day_before_it(database: Database, put: Importing) -> None:
    put(read({**GOOD, "months": "2026-01..2026-11", "paid_on": "2026-11-20"}))
    with database.read() as connection:
        standing = paid_record(connection, member(database, "P-0001").member_id).for_coverage()
    before, that_day = (decide(standing, Programme.JKK, date(2026, 11, day), now=AT) for day in (19, 20))
    assert before.reason is Reason.PAID_AFTER_EVENT
    # A list tells no hour, so that the day of payment itself is not covered either.
    assert that_day.reason is Reason.PAID_THAT_DAY
    assert decide(standing, Programme.JKK, date(2026, 11, 21), now=AT)


def test_money_of_today_covers_from_the_moment_that_the_list_was_taken_in(database: Database, put: Importing) -> None:
    put(read({**GOOD, "months": "2026-01..2026-11", "paid_on": "2026-11-23"}))
    with database.read() as connection:
        standing = paid_record(connection, member(database, "P-0001").member_id).for_coverage()
    assert not coverage(standing, Programme.JKK, AT - timedelta(seconds=1), knowledge_at=AT)
    assert coverage(standing, Programme.JKK, AT)


def test_a_crash_between_two_chunks_loses_nothing_that_was_counted(
    database: Database, put: Importing, keys: InProcessKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 60)
    listed = read_member_list(EXAMPLE.read_bytes(), today=TODAY)

    def stop_at_120(done: int) -> None:
        if done == 120:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_members(
            database,
            listed,
            sealer=keys.sealer,
            blind_index=keys.blind_index,
            new_id=lambda: os.urandom(16).hex(),
            at=AT,
            rules=RULES_2026,
            on_rows=stop_at_120,
        )
    assert counts(put(listed)) == (80, 120, 0, 7)


def test_two_imports_of_one_list_at_once_enrol_everybody_once(put: Importing) -> None:
    listed = read_member_list(EXAMPLE.read_bytes(), today=TODAY)
    reports: list[ImportReport] = []
    threads = [threading.Thread(target=lambda: reports.append(put(listed))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(report.new for report in reports) == 200
    assert all(report.rows == 207 for report in reports)
    assert counts(put(listed)) == (0, 200, 0, 7)


def test_sabotage_a_fingerprint_without_the_name_misses_a_new_name(
    put: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(read(GOOD))
    real = fingerprints
    first = read(GOOD).rows[0]

    def without_name(blind_index: object, rows: object) -> object:
        assert isinstance(rows, tuple)
        return real(blind_index, [replace(row, name=first.name) for row in rows])  # type: ignore[arg-type]  # the sabotage

    monkeypatch.setattr(module, "fingerprints", without_name)
    assert counts(put(read({**GOOD, "name": "Siti Rahayu Putri"}))) == (0, 1, 0, 0)
