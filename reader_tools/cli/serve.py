# SPDX-License-Identifier: Apache-2.0
"""``kartu serve``: start the service of this machine in the foreground."""

import os
from typing import Annotated

import typer

from cardservice.records.schema import upgrade as upgrade_database
from reader_tools.cli.bureau import require_database
from reader_tools.cli.desk_memory import published_folder
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.own_program import become, command, environment
from reader_tools.cli.settings import Settings

DEFAULT_LISTEN = "127.0.0.1:8080"

app = typer.Typer()


@app.command()
def serve(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", envvar="KARTU_LISTEN", help="Where to listen; port 0 takes any.")
    ] = DEFAULT_LISTEN,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="First make the database, or bring it up to date.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the service in the foreground until Ctrl-C; it says "listening" and its address when it takes requests.

    It uses this machine's database and key process (KARTU_DATABASE_URL, KARTU_HSM_SOCKET), and hands on what `kartu keys publish` wrote.

    Example: kartu serve --upgrade --listen 127.0.0.1:8080
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    if upgrade:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        upgrade_database(settings.database)
    require_database(settings)
    ours = {
        "KARTU_DATABASE_URL": settings.database,
        "KARTU_KEYS_SOCKET": str(settings.socket),
        "KARTU_HSM_SOCKET": str(settings.socket),
        "KARTU_LISTEN": listen,
    }
    published = published_folder(settings)
    if published.is_dir():  # one that was never published is no mistake here
        ours["KARTU_PUBLISHED"] = os.environ.get("KARTU_PUBLISHED") or str(published)
    become(command("api"), environment(ours), output, {"listen": listen, "socket": settings.socket})
