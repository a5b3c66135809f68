# SPDX-License-Identifier: Apache-2.0
"""Imports of lists for tests: invented people, real keys in process, and everything that an import could touch."""

import io
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from cardservice.clock import monotonic
from cardservice.enrolment.enroller import enroller
from cardservice.enrolment.import_list import Importing, import_list
from cardservice.enrolment.list_file import examine
from cardservice.records import audit_events, enrolments, member_lists, member_months, members
from cardservice.records.database import Database
from cardservice.records.intermediaries import SCHEME_CODE
from cardservice.records.member_lists import ListKey, ListProblem, ListProgress
from hsm.in_process import InProcessKeys
from tests.coverage.rules_2026 import PACKS_2026
from tests.enrolment.rows import GOOD, TODAY, octets

AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def new_keys() -> InProcessKeys:
    return InProcessKeys.with_new_keys(clock=lambda: AT, monotonic=monotonic, randomness=os.urandom)


def person(number: int, **change: str) -> dict[str, str]:
    """One of 9,999 people, all alike otherwise."""
    return {
        **GOOD,
        "ref": f"P-{number:04d}",
        "nik": f"317101451090{number:04d}",
        "months": "2026-01..2026-02",
        **change,
    }


def people(count: int, bad: Sequence[int] = ()) -> bytes:
    """A list of so many; those whose number is ``bad`` have no name."""
    return octets(*(person(number, **({"name": ""} if number in bad else {})) for number in range(1, count + 1)))


def importing(database: Database, keys: InProcessKeys, code: str = SCHEME_CODE) -> Importing:
    with database.read() as connection:
        by = enroller(connection, TODAY, code)
    return Importing(
        database,
        keys.sealer,
        keys.blind_index,
        by,
        new_id=lambda: os.urandom(16).hex(),
        now=lambda: AT,
        packs=PACKS_2026,
    )


def bring(
    database: Database, keys: InProcessKeys, listed: bytes, code: str = SCHEME_CODE, *, resume: bool = False
) -> ListProgress:
    return import_list(importing(database, keys, code), examine(io.BytesIO(listed)), today=TODAY, resume=resume)


def counts(progress: ListProgress) -> tuple[int, int, int, int]:
    return progress.rows_new, progress.rows_unchanged, progress.rows_changed, progress.rows_refused


def problems(database: Database, listed: bytes, code: str = SCHEME_CODE) -> list[ListProblem]:
    with database.read() as connection:
        by = enroller(connection, TODAY, code)
        return list(
            member_lists.problems(connection, ListKey(by.own.intermediary_id, examine(io.BytesIO(listed)).sha256))
        )


def everything(database: Database) -> list[list[tuple[object, ...]]]:
    """All rows that an import could touch."""
    tables = (
        members.members,
        member_months.member_months,
        enrolments.enrolments,
        member_lists.member_lists,
        member_lists.member_list_problems,
        audit_events.audit_events,
    )
    with database.read() as connection:
        return [
            [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))] for table in tables
        ]
