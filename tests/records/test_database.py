# SPDX-License-Identifier: Apache-2.0
"""The open database: durable, honest about what it can't do, and silent about passwords."""

import signal
import subprocess
import sys
import textwrap
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cardservice.records import members, verifiers
from cardservice.records.database import Database, open_database, parse_address
from cardservice.records.errors import (
    ConstraintRefused,
    DatabaseBehind,
    DatabaseUnavailable,
    DatabaseUnsupported,
    MemberExists,
    RecordNotFound,
)
from tests.records import rows


def test_sqlite_is_durable_and_checks_foreign_keys(sqlite_database: Database) -> None:
    with sqlite_database.begin() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        told = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked}
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}  # 2 = FULL


def test_an_exception_undoes_everything(database: Database) -> None:
    def fail_after_writing() -> None:
        with database.begin() as connection:
            members.add(connection, rows.member(1))
            verifiers.get(connection, "0" * 32)

    with pytest.raises(RecordNotFound):
        fail_after_writing()
    with database.read() as connection:
        assert members.find_by_ref(connection, "P-0001") is None


def test_a_refused_write_leaves_the_transaction_usable(database: Database) -> None:
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        with pytest.raises(MemberExists) as refused:
            members.add(connection, rows.member(1))
        assert refused.value.evidence["field"] in {"external_ref", "nik", "member_id"}
        members.add(connection, rows.member(2))
    with database.read() as connection:
        assert members.get(connection, rows.member(2).member_id) == rows.member(2)


def test_reading_can_not_write(database: Database) -> None:
    with pytest.raises((DBAPIError, DatabaseUnavailable)), database.read() as connection:
        members.add(connection, rows.member(1))
    with database.begin() as connection:  # and the connection that comes back from the pool can
        members.add(connection, rows.member(1))


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.begin() as writing:
        members.add(writing, rows.member(1))
        with database.read() as reading:
            assert members.find_by_ref(reading, "P-0001") is None
    with database.read() as reading:
        assert members.find_by_ref(reading, "P-0001") == rows.member(1)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("mysql://root:hunter2@host/kartu", "scheme"),
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
        ("hunter2 is not an address", "unreadable"),
    ],
)
def test_other_databases_are_refused_without_repeating_the_address(url: str, rule: str) -> None:
    with pytest.raises(DatabaseUnsupported) as refused:
        open_database(url)
    assert refused.value.evidence["rule"] == rule
    assert "hunter2" not in str(refused.value)


def test_an_error_quotes_no_values(database: Database) -> None:
    """What the caller did not expect ends in a log."""
    statement = members.members.insert().values(
        asdict(rows.member(1)) | {"external_ref": "Siti Rahayu", "payer": "nobody"}
    )
    with pytest.raises(DBAPIError) as refused, database.begin() as connection:
        connection.execute(statement)
    assert "ck_members" in str(refused.value)
    # PostgreSQL's own DETAIL still quotes the row, in which everything personal is sealed.
    assert "parameters hidden" in str(refused.value)


def test_no_password_in_repr() -> None:
    database = open_database("postgresql://kartu:hunter2@localhost/kartu")
    assert "hunter2" not in repr(database)
    assert parse_address("postgresql://kartu:hunter2@localhost/kartu").password == "hunter2"


@pytest.mark.parametrize(
    "url", ["sqlite:////nonexistent/kartu.db", "postgresql://kartu:hunter2@/kartu?host=/nonexistent"]
)
def test_a_database_that_does_not_answer_is_said(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as refused, open_database(url).begin() as connection:
        connection.execute(text("SELECT 1"))
    assert "hunter2" not in str(refused.value)


def test_tables_that_are_missing_are_said(empty_url: str) -> None:
    database = open_database(empty_url)
    with pytest.raises(DatabaseBehind), database.begin() as connection:
        verifiers.every(connection)
    database.close()


def test_length_and_choice_are_checked_in_the_database(database: Database) -> None:
    with database.begin() as connection:
        rows.add_verifier(connection, 1)
        with pytest.raises(ConstraintRefused) as refused:
            verifiers.add(connection, replace(rows.verifier(2), secret_sha256=rows.verifier(1).secret_sha256))
        assert refused.value.evidence["constraint"] == "uq_verifiers_secret_sha256"
    for column, value in (("secret_sha256", b"short"), ("kind", "PIRATE"), ("sector", 0)):
        with pytest.raises(DBAPIError, match="ck_verifiers"), database.begin() as connection:
            connection.execute(verifiers.verifiers.update().values({column: value}))


WRITER = """
    import sys
    from cardservice.records import members
    from cardservice.records.database import open_database
    from tests.records import rows

    database = open_database(sys.argv[1])
    for number in range(100_000):
        with database.begin() as connection:
            members.add(connection, rows.member(number))
        print(number, flush=True)
"""


def test_what_was_committed_survives_sigkill(sqlite_url: str) -> None:
    """The process dies in the middle of writing: every write it had told of is there, and the file opens."""
    root = Path(__file__).parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), sqlite_url], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert writer.stdout is not None
    with writer:
        told = [int(writer.stdout.readline()) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    database = open_database(sqlite_url)
    with database.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        kept = {members.get(connection, rows.member(number).member_id).external_ref for number in told}
    database.close()
    assert len(kept) == len(told) >= 50
