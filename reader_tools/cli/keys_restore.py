# SPDX-License-Identifier: Apache-2.0
"""``kartu keys restore``: keys of a backup, brought back by a quorum of custodians."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody
from reader_tools.cli.hsm import KeyFiles
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The backup.")],
    share: Annotated[list[Path], typer.Option(help="A custodian's share; once for each.")],
    share_passphrase: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE=FILE",
            help="A share's passphrase, by the share's file name, in a file of mode 0600. Default: asked for.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring every key back into an empty back end of any kind. Cut short, it is asked again; keys of another set are never touched.

    Example: kartu keys restore backup --share share-1.share --share share-2.share --share share-4.share
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    words = [
        *(word for path in share for word in ("--share", path.absolute())),
        *(word for named in share_passphrase or () for word in ("--share-passphrase", named)),
    ]
    done = ask_custody(settings, output, "restore", folder.absolute(), *words, *KeyFiles.of(settings).custody_arguments)

    def people(console: Console) -> None:
        said = output.say("Kunci dipulihkan", "Keys restored")
        console.print(f"{said}: {done['restored']} / {done['keys']}", markup=False)

    output.show(done, people)
