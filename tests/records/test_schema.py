# SPDX-License-Identifier: Apache-2.0
"""Migrations: they come to exactly the tables that the program has, on both databases, and go back to nothing."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect
from sqlalchemy.exc import DBAPIError

from cardservice.records import schema
from cardservice.records.database import Database, open_database
from cardservice.records.errors import RecordsError
from cardservice.records.tables import metadata


def differences(database: Database) -> list[object]:
    with database.begin() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_migrations_come_to_the_tables_of_the_program(database: Database) -> None:
    assert differences(database) == []


def test_a_column_or_index_that_no_migration_makes_is_seen(database: Database) -> None:
    """Sabotage: change the database behind the migrations' back."""
    with database.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ux_cards_live_member")
        connection.exec_driver_sql("ALTER TABLE members ADD COLUMN shoe_size INTEGER")
    assert {difference[0] for difference in differences(database)} == {"add_index", "remove_column"}  # type: ignore[index] # alembic's tuples


def test_every_check_of_the_program_is_in_the_database(database: Database) -> None:
    """Alembic compares no CHECKs."""
    inspector = inspect(database.engine)
    for table in metadata.sorted_tables:
        ours = {str(each.name) for each in table.constraints if isinstance(each, CheckConstraint)}
        theirs = {str(each["name"]) for each in inspector.get_check_constraints(table.name)}
        assert ours == theirs, table.name


def test_an_empty_database_is_behind_and_upgrading_twice_is_once(empty_url: str) -> None:
    database = open_database(empty_url)
    assert schema.version(database) == schema.SchemaVersion(None, schema.head())
    assert schema.version(database).is_behind
    assert schema.upgrade(empty_url) == schema.upgrade(empty_url) == schema.head()
    assert not schema.version(database).is_behind
    database.close()


def test_downgrade_leaves_nothing(database: Database) -> None:
    with database.begin() as connection:
        command.downgrade(schema._config(connection), "base")
    assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_url: str) -> None:
    """DDL is inside the transaction on both: half a schema would be one that no program knows."""
    database = open_database(empty_url)

    def fail_late() -> None:
        with database.begin() as connection:
            command.upgrade(schema._config(connection), "head")
            connection.exec_driver_sql("not SQL")

    with pytest.raises((RecordsError, DBAPIError)):
        fail_late()
    assert inspect(database.engine).get_table_names() == []
    database.close()


def test_knows_its_own_migrations_only() -> None:
    assert schema.knows(schema.head())
    assert not schema.knows("from-the-future")
