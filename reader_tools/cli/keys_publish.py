# SPDX-License-Identifier: Apache-2.0
"""``kartu keys publish``: public keys and CA certificates as files for web caches."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="Where a web server finds the files; made if it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Write the key sets (jwks.json, cover-proof-keys.json, audit-keys.json) and the CA's certificate, each replaced whole.

    Example: kartu keys publish /srv/kartu/well-known
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    written = ask_custody(settings, output, "publish", *store_arguments(settings), "--folder", folder.absolute())

    def people(console: Console) -> None:
        console.print(f"{output.say('Diterbitkan di', 'Published in')} {written['folder']}:", markup=False)
        for name in written["files"]:
            console.print(f"  {name}", markup=False)
        for purpose in written["without_successor"]:
            console.print(
                output.say(
                    f"PERHATIAN: {purpose} belum punya kunci berikutnya. Jalankan `kartu keys rotate {purpose}`.",
                    f"WARNING: {purpose} has no next key yet. Run `kartu keys rotate {purpose}`.",
                ),
                markup=False,
            )

    output.show(written, people)
