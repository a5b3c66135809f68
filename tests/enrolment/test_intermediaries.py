# SPDX-License-Identifier: Apache-2.0
"""Intermediaries in the books: a tree by constraint, scopes that never widen downwards, suspension that is on the trail."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from cardservice.enrolment import intermediary as module
from cardservice.enrolment.errors import (
    EnrolmentError,
    IntermediaryMalformed,
    IntermediaryMayNotEnrol,
    IntermediaryNoLongerValid,
    IntermediaryNotYetValid,
    IntermediarySuspended,
    SchemeStands,
    ScopeTooWide,
)
from cardservice.enrolment.intermediary import demand_may_enrol, reinstate_intermediary, suspend_intermediary
from cardservice.enrolment.scope import Deed, Scope
from cardservice.records import audit_events, intermediaries
from cardservice.records.database import Database
from cardservice.records.errors import ConstraintRefused, IntermediaryExists, RecordNotFound
from cardservice.records.intermediaries import SCHEME_CODE, SCHEME_ID, IntermediaryKind
from tests.enrolment.lines import AT, TODAY, scope, take_in

WEST = frozenset({"32"})


def test_the_scheme_is_the_root_and_may_everything_everywhere(database: Database) -> None:
    with database.read() as connection:
        (root,) = intermediaries.every(connection)
    assert (root.code, root.intermediary_id, root.kind) == (SCHEME_CODE, SCHEME_ID, IntermediaryKind.SCHEME)
    demand_may_enrol((root,), TODAY)


def test_one_that_is_taken_in_comes_back_as_told(database: Database) -> None:
    take_in(database, "PEMKAB", scope(regions=WEST), kind=IntermediaryKind.LOCAL_GOVERNMENT)
    added = take_in(database, "KOP-A", scope(regions=frozenset({"3273", "3204"}), valid_until=TODAY), under="PEMKAB")
    with database.read() as connection:
        line = intermediaries.line_of(connection, "KOP-A")
        everyone = intermediaries.every(connection)
    assert [each.code for each in line] == [SCHEME_CODE, "PEMKAB", "KOP-A"]
    assert line[-1] == added
    assert everyone == line


@pytest.mark.parametrize(
    ("own", "field"),
    [
        (scope(regions=frozenset({"3171"}), deeds=[Deed.ENROL]), "regions"),
        (scope(deeds=[Deed.ENROL]), "regions"),
        (scope(regions=WEST, deeds=[Deed.ENROL, Deed.COLLECT]), "deeds"),
        (scope(regions=WEST, deeds=[Deed.ENROL], valid_from=date(2025, 12, 31)), "valid_from"),
        (scope(regions=WEST, deeds=[Deed.ENROL]), "valid_until"),
    ],
)
def test_a_scope_wider_than_the_one_above_is_refused_with_its_field(database: Database, own: Scope, field: str) -> None:
    take_in(database, "PEMKAB", scope(regions=WEST, deeds=[Deed.ENROL], valid_until=date(2027, 1, 1)))
    with pytest.raises(ScopeTooWide) as refused:
        take_in(database, "KOP-A", own, under="PEMKAB")
    assert refused.value.evidence["field"] == field
    with database.read() as connection, pytest.raises(RecordNotFound):
        intermediaries.line_of(connection, "KOP-A")


@pytest.mark.parametrize("code", ["kop", "K", "KOP A", "K" * 33, "=KOP"])
def test_a_code_that_can_t_be_meant_is_refused(sqlite_database: Database, code: str) -> None:
    with pytest.raises(IntermediaryMalformed):
        take_in(sqlite_database, code)


@pytest.mark.parametrize(
    "own",
    [
        scope(deeds=[]),
        scope(work_sectors=[]),
        scope(regions=frozenset()),
        scope(regions=frozenset({"99"})),
        scope(valid_from=TODAY, valid_until=date(2026, 1, 1)),
    ],
)
def test_a_scope_that_can_t_be_meant_is_refused(sqlite_database: Database, own: Scope) -> None:
    with pytest.raises(IntermediaryMalformed):
        take_in(sqlite_database, "KOP-A", own)


def test_a_code_is_taken_once(database: Database) -> None:
    take_in(database, "KOP-A")
    with pytest.raises(IntermediaryExists):
        take_in(database, "KOP-A")


def test_there_are_six_levels(sqlite_database: Database) -> None:
    for level in range(2, 7):
        take_in(sqlite_database, f"L{level}", under=f"L{level - 1}" if level > 2 else SCHEME_CODE)
    with pytest.raises(IntermediaryMalformed):
        take_in(sqlite_database, "L7", under="L6")


def parent_set(database: Database, child: str, parent: str) -> None:
    """Directly in the books, as somebody with a database password would."""
    with database.begin() as connection:
        above = intermediaries.get_by_code(connection, parent)
        own = intermediaries.get_by_code(connection, child)
        table = intermediaries.intermediaries
        connection.execute(
            table.update()
            .where(table.c.code == child)
            .values(
                parent_id=above.intermediary_id,
                parent_lineage=above.lineage,
                lineage=f"{above.lineage}/{own.intermediary_id}",
            )
        )


def test_a_cycle_can_t_be_written_even_by_hand(database: Database) -> None:
    take_in(database, "KOP-A")
    take_in(database, "KOP-B", under="KOP-A")
    with pytest.raises(IntegrityError):
        parent_set(database, "KOP-A", "KOP-B")
    with pytest.raises(IntegrityError):
        parent_set(database, "KOP-B", "KOP-B")


def test_sabotage_without_the_constraint_on_lineages_a_cycle_is_written(sqlite_database: Database) -> None:
    """Sabotage: switch constraints off."""
    take_in(sqlite_database, "KOP-A")
    own = take_in(sqlite_database, "KOP-B", under="KOP-A")
    with sqlite_database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(
            "UPDATE intermediaries SET parent_id = ? WHERE code = 'KOP-A'", (own.intermediary_id,)
        )
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql("BEGIN")
    with sqlite_database.read() as connection:
        assert intermediaries.get_by_code(connection, "KOP-A").parent_id == own.intermediary_id


def test_there_is_one_root(database: Database) -> None:
    with database.read() as connection:
        root = intermediaries.get_by_code(connection, SCHEME_CODE)
    another = replace(root, intermediary_id="1" * 32, lineage="1" * 32, code="PUSAT-2")
    with database.begin() as connection, pytest.raises(ConstraintRefused):
        intermediaries.add(connection, another)


def test_suspension_stops_those_below_and_is_on_the_trail(database: Database) -> None:
    take_in(database, "KOP-A")
    take_in(database, "KOP-B", under="KOP-A")

    def line(code: str) -> tuple[intermediaries.Intermediary, ...]:
        with database.read() as connection:
            return intermediaries.line_of(connection, code)

    for _ in range(2):  # a second time changes nothing
        with database.begin() as connection:
            suspend_intermediary(connection, "KOP-A", by="ani", reason="not remitted", at=AT)
    with pytest.raises(IntermediarySuspended) as refused:
        demand_may_enrol(line("KOP-B"), TODAY)
    assert refused.value.evidence == {"intermediary": "KOP-B", "at": "KOP-A"}
    with database.begin() as connection:
        reinstate_intermediary(connection, "KOP-A", by="budi", reason="remitted", at=AT)
    demand_may_enrol(line("KOP-B"), TODAY)
    with database.read() as connection:
        kept = [each.event for each in audit_events.stream(connection, 0)]
    assert [event.kind for event in kept] == [
        "intermediary.added",
        "intermediary.added",
        "intermediary.suspended",
        "intermediary.reinstated",
    ]
    assert kept[2].detail == {"intermediary": "KOP-A", "by": "ani", "reason": "not remitted"}


def test_the_scheme_itself_is_not_suspended(sqlite_database: Database) -> None:
    with sqlite_database.begin() as connection, pytest.raises(SchemeStands):
        suspend_intermediary(connection, SCHEME_CODE, by="ani", reason="x", at=AT)


@pytest.mark.parametrize(
    ("own", "error"),
    [
        (scope(deeds=[Deed.COLLECT]), IntermediaryMayNotEnrol),
        (scope(valid_from=date(2026, 11, 24)), IntermediaryNotYetValid),
        (scope(valid_until=date(2026, 11, 22)), IntermediaryNoLongerValid),
    ],
)
def test_who_may_not_enrol_is_told_why(sqlite_database: Database, own: Scope, error: type[EnrolmentError]) -> None:
    take_in(sqlite_database, "KOP-A", own)
    with sqlite_database.read() as connection, pytest.raises(error):
        demand_may_enrol(intermediaries.line_of(connection, "KOP-A"), TODAY)


def test_sabotage_without_the_look_upwards_a_child_gets_more_than_its_parent(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(sqlite_database, "PEMKAB", scope(regions=WEST))
    monkeypatch.setattr(module, "effective", lambda line: Scope.of(line[0]))
    assert take_in(sqlite_database, "KOP-A", scope(), under="PEMKAB").regions == frozenset({""})
