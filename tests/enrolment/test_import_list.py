# SPDX-License-Identifier: Apache-2.0
"""Long lists: exactly once, whatever breaks them off and whoever else brings them, and each fault told to the end."""

import io
import shutil
import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardservice.audit.verify_chain import verify_chain
from cardservice.coverage.standing import WorkSector
from cardservice.enrolment import import_list as module
from cardservice.enrolment.errors import IntermediarySuspended, ListHeadMalformed, ListUnfinished
from cardservice.enrolment.import_list import import_list, preview_list
from cardservice.enrolment.intermediary import suspend_intermediary
from cardservice.enrolment.list_file import examine
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.enrolment.scope import Deed
from cardservice.enrolment.write_rows import write_rows
from cardservice.records import audit_events, enrolments, member_lists, members
from cardservice.records.audit_events import CHAINS
from cardservice.records.database import Database, open_database
from cardservice.records.errors import StateConflict
from cardservice.records.intermediaries import SCHEME_CODE, SCHEME_ID
from cardservice.records.member_lists import ListKey
from hsm.in_process import InProcessKeys
from tests.enrolment.importing import AT, bring, counts, everything, importing, new_keys, people, person, problems
from tests.enrolment.lines import scope, take_in
from tests.enrolment.rows import TODAY, octets


class Broken(Exception):
    """Stands for a machine that stops."""


@pytest.fixture(scope="module")
def keys() -> InProcessKeys:
    return new_keys()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 10)


def enrolled(database: Database) -> int:
    with database.read() as connection:
        return len(connection.execute(members.members.select()).all())


@pytest.mark.usefixtures("small_chunks")
def test_a_list_goes_in_once_and_again_changes_nothing_but_its_passes(database: Database, keys: InProcessKeys) -> None:
    listed = people(35, bad=[4, 31])
    assert counts(bring(database, keys, listed)) == (33, 0, 0, 2)
    before = everything(database)
    again = bring(database, keys, listed)
    assert counts(again) == (0, 33, 0, 2)
    assert again.passes == 2
    after = everything(database)
    assert after[:3] == before[:3]
    assert [(each.line, each.rule) for each in problems(database, listed)] == [(5, "name"), (32, "name")]


@pytest.mark.usefixtures("small_chunks")
def test_each_member_carries_who_enrolled_them(database: Database, keys: InProcessKeys) -> None:
    take_in(database, "KOP-A")
    bring(database, keys, people(12), "KOP-A")
    bring(database, keys, octets(person(13)))
    with database.read() as connection:
        whose = enrolments.of_members(
            connection, [row.member_id for row in connection.execute(members.members.select())]
        )
    assert sorted(each.code for each in whose.values()) == ["KOP-A"] * 12 + [SCHEME_CODE]


@pytest.mark.usefixtures("small_chunks")
def test_the_trail_of_many_at_once_holds(database: Database, keys: InProcessKeys) -> None:
    """More events in one transaction than are appended one by one."""
    bring(database, keys, people(120))
    with database.read() as connection:
        kept = [each.event.kind for chain in range(CHAINS) for each in audit_events.stream(connection, chain)]
        assert verify_chain(connection)
    assert sorted(set(kept)) == ["list.imported", "member.enrolled"]
    assert kept.count("member.enrolled") == 120


def stop_after(rows: int) -> Callable[[int], None]:
    def stop(done: int) -> None:
        if done >= rows:
            raise Broken

    return stop


@pytest.mark.usefixtures("small_chunks")
def test_one_that_was_broken_off_says_so_and_goes_on_where_it_was(database: Database, keys: InProcessKeys) -> None:
    listed = people(35, bad=[4, 31])
    with pytest.raises(Broken):
        import_list(importing(database, keys), examine(io.BytesIO(listed)), today=TODAY, on_rows=stop_after(20))
    with pytest.raises(ListUnfinished) as refused:
        bring(database, keys, listed)
    assert refused.value.evidence["rows_done"] == 20
    assert enrolled(database) == 19
    progress = bring(database, keys, listed, resume=True)
    assert counts(progress) == (33, 0, 0, 2)
    assert progress.passes == 1
    assert [each.line for each in problems(database, listed)] == [5, 32]


def test_resuming_what_was_never_begun_begins_it(sqlite_database: Database, keys: InProcessKeys) -> None:
    assert counts(bring(sqlite_database, keys, people(3), resume=True)) == (3, 0, 0, 0)


@pytest.mark.usefixtures("small_chunks")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 45), max_size=4), st.sampled_from(["before", "inside", "after"]))
def test_wherever_it_breaks_the_end_is_the_same(
    migrated_sqlite: object, tmp_path_factory: pytest.TempPathFactory, keys: InProcessKeys, stops: list[int], where: str
) -> None:
    """Before a chunk's transaction, inside it, or after it: every row once, every fault once."""
    path = tmp_path_factory.mktemp("broken") / "kartu.db"
    shutil.copyfile(str(migrated_sqlite), path)
    database = open_database(f"sqlite:///{path}")
    listed = people(45, bad=[7, 23])
    with pytest.MonkeyPatch.context() as patched:
        for stop in stops:
            calls = iter(range(100))

            def breaking(*given: object, _stop: int = stop, _calls: object = calls, **more: object) -> object:
                if where == "before" and next(_calls) * 10 >= _stop:  # type: ignore[call-overload]  # an iterator
                    raise Broken
                done = write_rows(*given, **more)  # type: ignore[arg-type]  # handed on
                if where == "inside" and next(_calls) * 10 >= _stop:  # type: ignore[call-overload]  # an iterator
                    raise Broken
                return done

            with patched.context() as breaks:
                breaks.setattr(module, "write_rows", breaking)
                on_rows = stop_after(stop) if where == "after" else lambda _: None
                try:
                    import_list(
                        importing(database, keys),
                        examine(io.BytesIO(listed)),
                        today=TODAY,
                        resume=True,
                        on_rows=on_rows,
                    )
                except Broken:
                    continue
    progress = bring(database, keys, listed, resume=True)
    assert progress.rows_refused == 2
    assert progress.rows_new + progress.rows_unchanged == 43
    assert enrolled(database) == 43
    assert [each.line for each in problems(database, listed)] == [8, 24]
    database.close()


@pytest.mark.usefixtures("small_chunks")
def test_two_imports_of_one_list_at_once_do_each_row_once(database: Database, keys: InProcessKeys) -> None:
    listed = people(60, bad=[7])
    ended: list[tuple[int, int, int, int]] = []

    def run() -> None:
        ended.append(counts(bring(database, keys, listed, resume=True)))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert ended == [(59, 0, 0, 1)] * 3
    assert enrolled(database) == 59
    with database.read() as connection:
        kinds = [each.event.kind for chain in range(CHAINS) for each in audit_events.stream(connection, chain)]
    assert (kinds.count("member.enrolled"), kinds.count("list.imported")) == (59, 1)


@pytest.mark.usefixtures("small_chunks")
def test_sabotage_without_the_lock_on_progress_rows_are_counted_twice(
    sqlite_database: Database, keys: InProcessKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: progress that is remembered in the process instead of read in the transaction."""
    listed = people(20)
    with pytest.raises(Broken):
        import_list(importing(sqlite_database, keys), examine(io.BytesIO(listed)), today=TODAY, on_rows=stop_after(10))
    stale = member_lists.ListProgress(1, 0, 0, 0, 0, 0, AT, AT, None)
    monkeypatch.setattr(module, "_found", lambda *_: stale)
    monkeypatch.setattr(member_lists, "lock", lambda *_: stale)
    monkeypatch.setattr(member_lists, "find", lambda *_: stale)
    with pytest.raises(StateConflict):
        bring(sqlite_database, keys, listed, resume=True)
    monkeypatch.undo()
    monkeypatch.setattr(module, "CHUNK", 10)
    with sqlite_database.read() as connection:
        kept = member_lists.find(connection, ListKey(SCHEME_ID, examine(io.BytesIO(listed)).sha256))
    assert kept is not None
    assert kept.rows_unchanged == 10  # the first ten rows, counted a second time


@pytest.mark.usefixtures("small_chunks")
def test_a_dry_run_tells_what_would_happen_and_changes_nothing(database: Database, keys: InProcessKeys) -> None:
    bring(database, keys, octets(person(1), person(2)))
    before = everything(database)
    listed = octets(
        person(1),
        person(2, name="Siti Lain"),
        person(3),
        person(4, nik=person(1)["nik"]),
        person(5, programmes="JHT"),
        person(6),
    )
    told: list[RowProblem] = []
    done = preview_list(importing(database, keys), examine(io.BytesIO(listed)), today=TODAY, on_problems=told.extend)
    assert (done.new, done.unchanged, done.changed) == (2, 1, 1)
    assert everything(database) == before
    assert counts(bring(database, keys, listed)) == (2, 1, 1, 2)
    assert [(each.line, each.field, each.rule.value) for each in told] == [
        (each.line, each.field, each.rule) for each in problems(database, listed)
    ]


def test_a_head_that_names_no_columns_leaves_no_trace(sqlite_database: Database, keys: InProcessKeys) -> None:
    before = everything(sqlite_database)
    with pytest.raises(ListHeadMalformed):
        bring(sqlite_database, keys, b"ref;nik\n1;2\n")
    assert everything(sqlite_database) == before


def test_a_person_whom_another_channel_enrolled_is_found_and_nothing_is_told_of_it(
    database: Database, keys: InProcessKeys
) -> None:
    take_in(database, "KOP-A", scope())
    take_in(database, "KOP-B", scope())
    bring(database, keys, octets(person(1)), "KOP-A")
    before = everything(database)[:3]
    listed = octets(person(1), person(9, nik=person(1)["nik"], ref="B-1"), person(7, ref="P-0001"))
    assert counts(bring(database, keys, listed, "KOP-B")) == (0, 0, 0, 3)  # the second repeats the first one's NIK
    found = problems(database, listed, "KOP-B")
    assert [(each.line, each.field, each.rule) for each in found[:1]] == [(2, "nik", "enrolled-elsewhere")]
    assert found[0].evidence == {}
    assert everything(database)[:3] == before


def test_a_reference_that_another_channel_uses_is_not_told_whose(database: Database, keys: InProcessKeys) -> None:
    take_in(database, "KOP-A", scope())
    take_in(database, "KOP-B", scope())
    bring(database, keys, octets(person(1)), "KOP-A")
    listed = octets(person(2, ref="P-0001"), person(3, nik=person(1)["nik"]))
    bring(database, keys, listed, "KOP-B")
    assert [(each.rule, dict(each.evidence)) for each in problems(database, listed, "KOP-B")] == [
        ("ref-taken", {"given": "P-0001"}),
        ("enrolled-elsewhere", {}),
    ]


def test_whoever_stands_above_may_bring_and_know_of_the_member(database: Database, keys: InProcessKeys) -> None:
    take_in(database, "KOP-A", scope())
    take_in(database, "KOP-A1", scope(), under="KOP-A")
    bring(database, keys, octets(person(1)), "KOP-A1")
    assert counts(bring(database, keys, octets(person(1, name="Siti Lain")), "KOP-A")) == (0, 0, 1, 0)
    listed = octets(person(2, nik=person(1)["nik"]))
    bring(database, keys, listed, "KOP-A")
    assert [(each.rule, dict(each.evidence)) for each in problems(database, listed, "KOP-A")] == [
        ("nik-taken", {"given": "P-0002", "known": "P-0001"})
    ]


@pytest.mark.parametrize(
    ("own", "change", "field", "rule"),
    [
        ({"regions": frozenset({"32"})}, {"region": "3171"}, "region", Rule.OUTSIDE_REGION),
        ({"regions": frozenset({"32"})}, {}, "region", Rule.REGION_NOT_TOLD),
        ({"work_sectors": []}, {}, "work_sector", Rule.OUTSIDE_WORK_SECTOR),
        ({"deeds": [Deed.ENROL]}, {}, "months", Rule.OUTSIDE_COLLECTING),
    ],
)
def test_a_row_outside_of_the_scope_is_refused_with_its_field_and_rule(
    sqlite_database: Database,
    keys: InProcessKeys,
    own: dict[str, object],
    change: dict[str, str],
    field: str,
    rule: Rule,
) -> None:
    if "work_sectors" in own:
        own = {"work_sectors": [WorkSector.OTHER]}
    take_in(sqlite_database, "KOP-A", scope(**own))  # type: ignore[arg-type]  # a field of the table above
    listed = octets(person(1, **change))
    assert counts(bring(sqlite_database, keys, listed, "KOP-A")) == (0, 0, 0, 1)
    assert [(each.field, each.rule) for each in problems(sqlite_database, listed, "KOP-A")] == [(field, rule.value)]


def test_a_region_inside_the_scope_is_kept_and_serves_the_next_list(
    sqlite_database: Database, keys: InProcessKeys
) -> None:
    take_in(sqlite_database, "KOP-A", scope(regions=frozenset({"32"})))
    assert counts(bring(sqlite_database, keys, octets(person(1, region="3273")), "KOP-A")) == (1, 0, 0, 0)
    assert counts(bring(sqlite_database, keys, octets(person(1, months="2026-01..2026-03")), "KOP-A")) == (0, 0, 1, 0)


def test_who_is_suspended_brings_nothing(sqlite_database: Database, keys: InProcessKeys) -> None:
    take_in(sqlite_database, "KOP-A")
    with sqlite_database.begin() as connection:
        suspend_intermediary(connection, "KOP-A", by="ani", reason="x", at=AT)
    with pytest.raises(IntermediarySuspended):
        bring(sqlite_database, keys, people(2), "KOP-A")


def test_two_channels_enrol_one_person_at_the_same_moment_and_one_is_told(
    database: Database, keys: InProcessKeys
) -> None:
    for code in ("KOP-A", "KOP-B"):
        take_in(database, code)
    ended: dict[str, tuple[int, int, int, int]] = {}

    def run(code: str, prefix: str) -> None:
        listed = octets(*(person(number, ref=f"{prefix}-{number}") for number in range(1, 40)))
        ended[code] = counts(bring(database, keys, listed, code))

    threads = [threading.Thread(target=run, args=each) for each in (("KOP-A", "A"), ("KOP-B", "B"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sum(each[0] for each in ended.values()) == 39
    assert sum(each[3] for each in ended.values()) == 39
    assert enrolled(database) == 39
