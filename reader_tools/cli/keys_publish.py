# SPDX-License-Identifier: Apache-2.0
"""``kartu keys publish``: public keys and CA certificates as files for web caches."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.desk_memory import published_folder
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def publish(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Where the service (KARTU_PUBLISHED) or a web server finds the files; made if it is not there. Default: published in the data folder."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the key sets (jwks.json, cover-proof-keys.json, audit-keys.json), the CA's certificates and the list of withdrawals, each replaced whole.

    Each list has a higher number than the one before; verifiers remember it and believe a list for 35 days, so publish at least monthly.

    Example: kartu keys publish /srv/kartu/well-known
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    place = published_folder(settings) if folder is None else folder
    written = ask_custody(settings, output, "publish", *store_arguments(settings), "--folder", place.absolute())

    def people(console: Console) -> None:
        console.print(f"{output.say('Diterbitkan di', 'Published in')} {written['folder']}:", markup=False)
        for name in written["files"]:
            console.print(f"  {name}", markup=False)
        console.print(
            f"{output.say('daftar pencabutan', 'list of withdrawals')} {written['list_number']}", markup=False
        )
        for purpose in written["without_successor"]:
            console.print(
                output.say(
                    f"PERHATIAN: {purpose} belum punya kunci berikutnya. Jalankan `kartu keys rotate {purpose}`.",
                    f"WARNING: {purpose} has no next key yet. Run `kartu keys rotate {purpose}`.",
                ),
                markup=False,
            )

    output.show(written, people)
