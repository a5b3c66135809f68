# SPDX-License-Identifier: Apache-2.0
"""``kartu database``: make the database, or bring it to the version that this program needs."""

import typer

from cardservice.records.database import parse_address
from cardservice.records.schema import upgrade
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def database() -> None:
    """The database of this desk or bureau (KARTU_DATABASE_URL).

    Example: kartu database upgrade
    """


@app.command("upgrade")
def upgrade_database(as_json: AsJson = False) -> None:
    """Make the database if it is not there, and bring its tables to the version that this program needs. Harmless if they are.

    Example: kartu database upgrade
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    if parse_address(settings.database).get_backend_name() == "sqlite":
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    version = upgrade(settings.database)
    said = output.say("Basis data pada versi", "The database is at version")
    output.show({"version": version}, lambda console: console.print(f"{said} {version}.", markup=False))
