# SPDX-License-Identifier: Apache-2.0
"""The database as the doctor sees it: missing, behind, ahead, damaged, up to date; and the remedy that mends it."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command

from cardservice.records import banks, ppob_partners, schema
from cardservice.records.database import open_database
from reader_tools.probes.database import probe_database
from reader_tools.probes.finding import Finding, Level
from reader_tools.probes.partner_names import probe_partner_names
from tests.reader_tools.command_line import kartu
from tests.records import rows
from tests.records.test_partner_names import aggregator, bank


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "kartu.db"


def probed(database: Path) -> Finding:
    return probe_database(f"sqlite:///{database}")


def set_version(database: Path, version: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])
    connection.close()


def test_missing_is_said_and_nothing_is_made(database: Path) -> None:
    assert (probed(database).level, probed(database).code) == (Level.FAIL, "database-missing")
    assert not database.exists()


def test_up_to_date(database: Path) -> None:
    schema.upgrade(f"sqlite:///{database}")
    assert probed(database) == Finding(
        probed(database).part, Level.OK, "database-ok", {"current": schema.head(), "head": schema.head()}
    )


def test_behind_and_the_remedy_mends_it(database: Path) -> None:
    """A database without any of our tables is the oldest there is."""
    sqlite3.connect(database).close()
    database.touch()
    before = kartu("doctor", "--json", data_dir=database.parent)
    (finding,) = (row for row in before.document["findings"] if row["part"] == "database")
    assert (finding["level"], finding["code"]) == ("fail", "database-behind")
    assert "kartu database upgrade" in finding["remedy"]
    assert kartu("database", "upgrade", "--json", data_dir=database.parent).document == {"version": schema.head()}
    assert probed(database).level is Level.OK
    assert kartu("database", "upgrade", data_dir=database.parent).code == 0


def test_a_newer_programs_database_is_ahead(database: Path) -> None:
    schema.upgrade(f"sqlite:///{database}")
    set_version(database, "from-the-future")
    assert (probed(database).code, probed(database).evidence["current"]) == ("database-ahead", "from-the-future")


def test_a_server_that_does_not_answer() -> None:
    finding = probe_database("postgresql://nobody@127.0.0.1:9/none")
    assert (finding.level, finding.code) == (Level.FAIL, "database-unavailable")


def test_an_address_that_is_none() -> None:
    assert probe_database("mysql://h/d").code == "database-unsupported"


def test_two_partners_of_one_name_are_a_warning_until_one_is_let_go(database: Path) -> None:
    """A database of before names were taken, brought up to date."""
    url = f"sqlite:///{database}"
    schema.upgrade(url)
    opened = open_database(url)
    with opened.begin() as connection:
        command.downgrade(schema._config(connection), "0016")
        banks.add(connection, bank("BCA"))
        ppob_partners.add(connection, aggregator("BCA", rows.LATER))
    assert kartu("database", "upgrade", data_dir=database.parent).code == 0
    told = kartu("doctor", "--json", data_dir=database.parent)
    first, second = (row for row in told.document["findings"] if row["part"] == "database")
    assert (first["code"], second["code"], second["level"]) == ("database-ok", "partner-name-shared", "warn")
    assert second["evidence"] == {"partner_id": "BCA", "kind": "AGGREGATOR", "owner": "BANK"}
    with opened.begin() as connection:
        ppob_partners.revoke(connection, "BCA", rows.LATER)
    opened.close()
    assert list(probe_partner_names(url)) == []
