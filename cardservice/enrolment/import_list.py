# SPDX-License-Identifier: Apache-2.0
"""``import_list``: a member list of any size, exactly once. Broken off anywhere, it goes on where the books end (docs/decisions/0142).

Rows go in by chunks. A chunk's transaction moves the list's progress, which it holds still from its beginning: so a chunk is in the books
with its progress or not at all, and of two imports of one list each chunk is done by one. Keys are asked outside of transactions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice

from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.enrolment.enroller import Enroller
from cardservice.enrolment.errors import ListUnfinished
from cardservice.enrolment.judge_rows import Change, Newcomer, Nothing, Prices, Verdict, judge_rows
from cardservice.enrolment.list_file import ListFile
from cardservice.enrolment.list_rows import ListRow, RefusedRow
from cardservice.enrolment.member_row import MemberRow
from cardservice.enrolment.personal_data import Fingerprints, fingerprints
from cardservice.enrolment.row_problem import RowProblem
from cardservice.enrolment.write_rows import SealedRow, Written, seal_rows, write_rows
from cardservice.keys import BlindIndex, Sealer
from cardservice.records import audit_events, member_lists
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import StateConflict
from cardservice.records.member_lists import ListKey, ListProblem, ListProgress

CHUNK = 1000  # rows in one transaction


@dataclass(frozen=True, slots=True)
class Importing:
    """Everything that an import needs beside the list. ``new_id`` gives random 128-bit identifiers as 32 hexadecimal digits."""

    database: Database
    sealer: Sealer
    blind_index: BlindIndex
    by: Enroller
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    packs: PacksInForce


def import_list(
    importing: Importing,
    list_file: ListFile,
    *,
    today: date,
    resume: bool = False,
    on_rows: Callable[[int], None] = lambda _: None,
) -> ListProgress:
    """Import a list to its end. ``on_rows`` hears how many rows are done.

    ``resume`` goes on with this very list where it was broken off, or beside an import of it that still runs; one that is finished is
    only reported. Without it a list that is under way raises ListUnfinished once a row of it is done, and a finished one is compared anew. Raises what reading the list raises, and what keys and database raise.
    """
    key = ListKey(importing.by.own.intermediary_id, list_file.sha256)
    chunks = _chunks(list_file.read(today=today))
    first = list(islice(chunks, 1))  # a head that names no columns is told before anything is written
    passes = _begin(importing, key, resume=resume)
    done = 0
    for rows in chain(first, chunks):
        done += len(rows)
        _import_chunk(importing, key, passes, rows, done)
        on_rows(done)
    with importing.database.begin() as connection:
        progress = _lock(connection, key, passes)
        at = importing.now()
        if member_lists.finish(connection, key, at):
            audit_events.append(connection, [_imported(importing.by, key, progress, at)])
    with importing.database.read() as connection:
        return _found(connection, key)


def preview_list(
    importing: Importing,
    list_file: ListFile,
    *,
    today: date,
    on_problems: Callable[[list[RowProblem]], None],
    on_rows: Callable[[int], None] = lambda _: None,
) -> Written:
    """What import_list() would do now. Writes nothing and seals nothing; ``on_problems`` hears why rows would be refused."""
    total = Written()
    done = 0
    for rows in _chunks(list_file.read(today=today)):
        good, problems = _parted(rows)
        prints = fingerprints(importing.blind_index, good)
        with importing.database.read() as connection:
            at = importing.now()
            prices = Prices(importing.packs.at(at), at)
            verdicts = judge_rows(connection, good, prints, importing.by, prices)
        problems += [verdict for verdict in verdicts if isinstance(verdict, RowProblem)]
        total.new += sum(isinstance(verdict, Newcomer) for verdict in verdicts)
        total.changed += sum(isinstance(verdict, Change) for verdict in verdicts)
        total.unchanged += sum(isinstance(verdict, Nothing) for verdict in verdicts)
        on_problems(sorted(problems, key=lambda problem: problem.line))
        done += len(rows)
        on_rows(done)
    return total


def _begin(importing: Importing, key: ListKey, *, resume: bool) -> int:
    with importing.database.begin() as connection:
        found = member_lists.find(connection, key)
        if found is None or (found.finished_at is not None and not resume):
            member_lists.begin(connection, key, importing.now())
            return _found(connection, key).passes
    if found.rows_done and not resume:
        since = found.started_at.isoformat(timespec="seconds")
        raise ListUnfinished(rows_done=found.rows_done, since=since)
    return found.passes


def _import_chunk(importing: Importing, key: ListKey, passes: int, rows: list[ListRow], end: int) -> None:
    """Rows ``end`` - len(rows) to ``end`` of a list, unless they are done already."""
    begin = end - len(rows)
    with importing.database.read() as connection:
        if _found(connection, key).rows_done >= end:
            return
    good, problems = _parted(rows)
    prints = fingerprints(importing.blind_index, good)
    at = importing.now()
    prices = Prices(importing.packs.at(at), at)
    with importing.database.read() as connection:
        verdicts = judge_rows(connection, good, prints, importing.by, prices)
    sealed = seal_rows(importing.sealer, verdicts, importing.new_id)
    with importing.database.begin() as connection:
        progress = _lock(connection, key, passes)
        if progress.rows_done >= end:
            return
        if progress.rows_done != begin:
            raise StateConflict(record="member-list", expected=str(begin), found=str(progress.rows_done))
        verdicts = _judged_again(connection, importing, prices, good, prints, verdicts, sealed)
        written = write_rows(connection, verdicts, sealed, importing.by, at)
        problems += written.problems
        member_lists.advance(
            connection,
            key,
            new=written.new,
            unchanged=written.unchanged,
            changed=written.changed,
            refused=len({problem.line for problem in problems}),
            problems=[ListProblem(each.line, each.field, each.rule.value, dict(each.evidence)) for each in problems],
            at=at,
        )


def _judged_again(
    connection: Connection,
    importing: Importing,
    prices: Prices,
    rows: list[MemberRow],
    prints: list[Fingerprints],
    before: list[Verdict],
    sealed: dict[int, SealedRow],
) -> list[Verdict]:
    """The verdicts as the books stand now that nobody else moves this list. What others changed meanwhile is sealed anew."""
    now = judge_rows(connection, rows, prints, importing.by, prices)
    late = [each for each, was in zip(now, before, strict=True) if _sealed_as(each) != _sealed_as(was)]
    sealed.update(seal_rows(importing.sealer, late, importing.new_id))
    return now


def _sealed_as(verdict: Verdict) -> str | None:
    """For whom a row's data are sealed: the member that it changes, somebody new, or nobody."""
    if isinstance(verdict, Newcomer):
        return "new"
    return verdict.before.member_id if isinstance(verdict, Change) and verdict.renamed else None


def _lock(connection: Connection, key: ListKey, passes: int) -> ListProgress:
    progress = member_lists.lock(connection, key)
    if progress.passes != passes:
        # Whoever ran beside us finished the list, and it was begun anew since.
        since = progress.started_at.isoformat(timespec="seconds")
        raise ListUnfinished(rows_done=progress.rows_done, since=since)
    return progress


def _found(connection: Connection, key: ListKey) -> ListProgress:
    found = member_lists.find(connection, key)
    assert found is not None  # begun by this import, and no list is ever taken away
    return found


def _chunks(rows: Iterator[ListRow]) -> Iterator[list[ListRow]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _parted(rows: list[ListRow]) -> tuple[list[MemberRow], list[RowProblem]]:
    good = [row for row in rows if isinstance(row, MemberRow)]
    return good, [problem for row in rows if isinstance(row, RefusedRow) for problem in row.problems]


def _imported(by: Enroller, key: ListKey, progress: ListProgress, at: datetime) -> AuditEvent:
    detail: dict[str, Json] = {
        "through": by.own.code,
        "list": key.sha256.hex(),
        "new": progress.rows_new,
        "changed": progress.rows_changed,
        "unchanged": progress.rows_unchanged,
        "refused": progress.rows_refused,
    }
    return AuditEvent("list.imported", at, detail)
