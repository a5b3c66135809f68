# SPDX-License-Identifier: Apache-2.0
"""``kartu keys destroy``: a key that has ended is gone for good."""

from typing import Annotated

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.key_process import say_told, tell_of_change
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def destroy(
    kid: Annotated[str, typer.Argument(help="The key's name, as `kartu keys list` shows it.")],
    confirm: Annotated[
        str, typer.Option(metavar="KID", help="The name once more; without it, it is asked for.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Destroy a key that has ended: what it sealed, signed or derived can be read or verified no more. Backups carried away are yours to destroy.

    Example: kartu keys destroy jXFSf_MRalE
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    asked = output.say("Ketik nama kunci sekali lagi", "Type the key's name once more")
    if (confirm or typer.prompt(asked, err=True)).strip() != kid:
        raise typer.BadParameter(output.say("nama tidak sama", "the names differ"))
    done = ask_custody(settings, output, "destroy", kid, *store_arguments(settings))
    told = tell_of_change(settings, output)
    key = done["destroyed"]

    def people(console: Console) -> None:
        said = output.say("Dimusnahkan", "Destroyed")
        console.print(f"{said}: {key['purpose']} {key['version']} {key['kid']}", markup=False)
        say_told(console, output, told)

    output.show({**done, **told.document}, people)
