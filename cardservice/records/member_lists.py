# SPDX-License-Identifier: Apache-2.0
"""Member lists on their way in: how far each one is, what came of its rows so far, and what is wrong with those that were refused.

A list is known by who brings it and its SHA-256. Its progress moves in the transaction that writes the rows, so that a killed import
goes on where the books end, and two imports of one list at once do each row once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    select,
    update,
)

from cardservice.records.canonical_json import Json
from cardservice.records.columns import CanonicalText, Identifier, UtcTime, metadata, octets_in
from cardservice.records.copy_rows import copy_rows
from cardservice.records.insert import insert_into

HASH_LENGTH = 32
PAGE = 1000

member_lists = Table(
    "member_lists",
    metadata,
    Column("intermediary_id", Identifier, ForeignKey("intermediaries.intermediary_id"), primary_key=True),
    Column("list_sha256", LargeBinary(HASH_LENGTH), primary_key=True),
    Column("passes", Integer, nullable=False),
    Column("rows_done", Integer, nullable=False),
    Column("rows_new", Integer, nullable=False),
    Column("rows_unchanged", Integer, nullable=False),
    Column("rows_changed", Integer, nullable=False),
    Column("rows_refused", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime, nullable=True),
    octets_in("list_sha256", HASH_LENGTH),
    CheckConstraint("rows_done = rows_new + rows_unchanged + rows_changed + rows_refused", name="rows_add_up"),
    CheckConstraint("passes > 0", name="passes_positive"),
)

member_list_problems = Table(
    "member_list_problems",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("list_sha256", LargeBinary(HASH_LENGTH), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("field", String(32), nullable=False),
    Column("rule", String(32), nullable=False),
    Column("evidence", CanonicalText, nullable=False),
    ForeignKeyConstraint(
        ["intermediary_id", "list_sha256"],
        ["member_lists.intermediary_id", "member_lists.list_sha256"],
        name="fk_member_list_problems_list",
    ),
)


@dataclass(frozen=True, slots=True)
class ListKey:
    """Which list: who brings it, and the SHA-256 of its file (32 bytes)."""

    intermediary_id: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class ListProgress:
    """How far a list is. Counts are rows; ``passes`` says how often it was begun from its first row."""

    passes: int
    rows_done: int
    rows_new: int
    rows_unchanged: int
    rows_changed: int
    rows_refused: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListProblem:
    """One fault of one row, as RowProblem has it. Evidence never holds a NIK, name or birth date."""

    line: int
    field: str
    rule: str
    evidence: Mapping[str, Json]


_OWN = (member_lists.c.intermediary_id == bindparam("by")) & (member_lists.c.list_sha256 == bindparam("list"))
_PROBLEMS = member_list_problems.c
_GET = select(*(member_lists.c[name] for name in ListProgress.__dataclass_fields__)).where(_OWN)
_ADVANCE = (
    update(member_lists)
    .where(_OWN)
    .values(
        rows_done=member_lists.c.rows_done + bindparam("done"),
        rows_new=member_lists.c.rows_new + bindparam("new"),
        rows_unchanged=member_lists.c.rows_unchanged + bindparam("unchanged"),
        rows_changed=member_lists.c.rows_changed + bindparam("changed"),
        rows_refused=member_lists.c.rows_refused + bindparam("refused"),
        updated_at=bindparam("at"),
    )
)


def find(connection: Connection, key: ListKey) -> ListProgress | None:
    """How far this list is; None for one that was never begun."""
    row = connection.execute(_GET, _named(key)).one_or_none()
    return None if row is None else ListProgress(*row)


def begin(connection: Connection, key: ListKey, at: datetime) -> None:
    """Begin a list from its first row: a new one, or one that was finished before. One that is under way stays as it is."""
    fresh = dict.fromkeys(("rows_done", "rows_new", "rows_unchanged", "rows_changed", "rows_refused"), 0)
    values = fresh | {"started_at": at, "updated_at": at, "finished_at": None}
    own = {"intermediary_id": key.intermediary_id, "list_sha256": key.sha256}
    added = insert_into(connection, member_lists).values(passes=1, **own, **values).on_conflict_do_nothing()
    if connection.execute(added.returning(member_lists.c.passes)).one_or_none() is not None:
        return
    finished = member_lists.c.finished_at.is_not(None)
    again = update(member_lists).where(_OWN, finished).values(passes=member_lists.c.passes + 1, **values)
    if connection.execute(again, _named(key)).rowcount == 1:
        old = _PROBLEMS.intermediary_id == key.intermediary_id, _PROBLEMS.list_sha256 == key.sha256
        connection.execute(delete(member_list_problems).where(*old))


def lock(connection: Connection, key: ListKey) -> ListProgress:
    """How far this list is, held still until the transaction ends. Begin it before."""
    return ListProgress(*connection.execute(_GET.with_for_update(), _named(key)).one())


def advance(
    connection: Connection,
    key: ListKey,
    *,
    new: int,
    unchanged: int,
    changed: int,
    refused: int,
    problems: Sequence[ListProblem],
    at: datetime,
) -> None:
    """Note what came of the next rows. The caller holds lock()."""
    counts = {"new": new, "unchanged": unchanged, "changed": changed, "refused": refused}
    connection.execute(_ADVANCE, _named(key) | counts | {"done": sum(counts.values()), "at": at})
    places: dict[int, int] = {}
    rows = []
    for problem in problems:
        place = places[problem.line] = places.get(problem.line, 0) + 1
        evidence = dict(problem.evidence)
        rows.append((key.intermediary_id, key.sha256, problem.line, place, problem.field, problem.rule, evidence))
    columns = ("intermediary_id", "list_sha256", "line", "place", "field", "rule", "evidence")
    copy_rows(connection, member_list_problems, columns, rows)


def finish(connection: Connection, key: ListKey, at: datetime) -> bool:
    """Every row is done. Returns whether this call was the first to say so."""
    mark = update(member_lists).where(_OWN, member_lists.c.finished_at.is_(None)).values(finished_at=at, updated_at=at)
    return connection.execute(mark, _named(key)).rowcount == 1


def problems(connection: Connection, key: ListKey) -> Iterator[ListProblem]:
    """What is wrong with the refused rows, in the order of their lines, page by page."""
    query = (
        select(_PROBLEMS.line, _PROBLEMS.place, _PROBLEMS.field, _PROBLEMS.rule, _PROBLEMS.evidence)
        .where(_PROBLEMS.intermediary_id == key.intermediary_id, _PROBLEMS.list_sha256 == key.sha256)
        .order_by(_PROBLEMS.line, _PROBLEMS.place)
        .limit(PAGE)
    )
    line, place = 0, 0
    while True:
        later = (_PROBLEMS.line > line) | ((_PROBLEMS.line == line) & (_PROBLEMS.place > place))
        rows = connection.execute(query.where(later)).all()
        for row in rows:
            yield ListProblem(row.line, row.field, row.rule, row.evidence)
        if len(rows) < PAGE:
            return
        line, place = rows[-1].line, rows[-1].place


def _named(key: ListKey) -> dict[str, object]:
    return {"by": key.intermediary_id, "list": key.sha256}
