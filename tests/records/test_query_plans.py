# SPDX-License-Identifier: Apache-2.0
"""The hot path reads rows by key: the planner of each database says so, also when the tables are full."""

from dataclasses import asdict

import pytest
from sqlalchemy import insert, text

from cardservice.records import standing
from cardservice.records.challenges import challenges
from cardservice.records.database import Database
from cardservice.records.hot_path import postgresql_store, sqlite_store
from tests.records import rows

FACES = 3000


@pytest.fixture
def full(database: Database) -> Database:
    """Many faces, and statistics over them."""
    with database.begin() as connection:
        bound = rows.activate_card(connection, 1)
        first = connection.execute(standing.card_standing.select()).mappings().one()
        copies = [
            dict(first)
            | {
                "sector": number % 255 + 1,
                "card_id": bound.card_id if number < 255 else rows.identifier("card", number),
                "face": rows.octets("face", number, 16),
                "key_thumbprint": rows.octets("thumbprint", number, 32),
                "status_index": number,
            }
            for number in range(2, FACES)
        ]
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no foreign keys for the copies
        else:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            copies = copies[:250]
        connection.execute(insert(standing.card_standing), copies)
        rows.add_verifier(connection, 1)
        connection.execute(insert(challenges), [asdict(rows.challenge(number)) for number in range(FACES)])
        connection.exec_driver_sql("ANALYZE")
    return database


def plan(database: Database, statement: str, parameters: dict[str, object]) -> str:
    explain = "EXPLAIN " if database.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.begin() as connection:
        return "\n".join(str(line) for line in connection.execute(text(explain + statement), parameters).all())


def hot_statements(database: Database) -> list[tuple[str, dict[str, object]]]:
    asked: dict[str, object] = {
        "challenge_id": "0" * 32,
        "verifier_id": "0" * 32,
        "now": 0 if database.engine.dialect.name == "sqlite" else rows.NOW,
        "key": bytes(32),
    }
    if database.engine.dialect.name == "sqlite":
        return [(sqlite_store._USE, asked), (sqlite_store._STANDING.replace("?", ":key"), asked)]
    statement = postgresql_store._ANSWER
    for place, name in (("$1", ":challenge_id"), ("$2", ":verifier_id"), ("$3", ":key"), ("$4", ":now")):
        statement = statement.replace(place, name)
    return [(statement, asked)]


def test_no_hot_statement_reads_a_whole_table(full: Database) -> None:
    for statement, asked in hot_statements(full):
        told = plan(full, statement, asked)
        assert "Seq Scan" not in told
        assert "SCAN challenges" not in told
        assert "SCAN card_standing" not in told


def test_sabotage_without_the_index_the_whole_table_is_read(full: Database) -> None:
    """Sabotage: find the standing by a column that has no index."""
    told = "\n".join(
        plan(full, statement.replace("key_thumbprint = ", "key_point = "), asked)
        for statement, asked in hot_statements(full)
    )
    assert "Seq Scan on card_standing" in told or "SCAN card_standing" in told
