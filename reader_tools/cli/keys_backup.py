# SPDX-License-Identifier: Apache-2.0
"""``kartu keys backup``: wrapped keys and a signed manifest, to be carried away."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    as_json: AsJson = False,
) -> None:
    """Write every wrapped key with its check value, and a manifest signed by the audit key. Nothing in it is secret without a quorum of shares.

    Example: kartu keys backup /media/usb/keys-2026-11
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    made = ask_custody(settings, output, "backup", folder.absolute(), *store_arguments(settings))

    def people(console: Console) -> None:
        said = output.say("Cadangan ditulis", "Backup written")
        console.print(f"{said}: {made['folder']} ({made['keys']} {output.say('kunci', 'keys')})", markup=False)
        console.print(f"manifest SHA-256 {made['manifest_sha256']}", markup=False)

    output.show(made, people)
