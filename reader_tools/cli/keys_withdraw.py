# SPDX-License-Identifier: Apache-2.0
"""``kartu keys withdraw``: a card CA's certificate is believed no more."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def withdraw(
    sha256: Annotated[str, typer.Argument(help="SHA-256 of the certificate, as `kartu keys list` shows it.")],
    grant: Annotated[Path, typer.Option(metavar="FILE", help="What two officers signed (kartu keys grant sign).")],
    reason: Annotated[str, typer.Option(help="Why, as they signed it; verifiers are told.")],
    as_json: AsJson = False,
) -> None:
    """Withdraw a card CA's certificate, because somebody else may have its key. The one in use is followed first: kartu keys rotate card-ca --at now.

    The next `kartu keys publish` leaves it out and tells verifiers; certificates of cards under it are refused, and those cards need new ones.

    Example: kartu keys withdraw 8c1f... --grant withdraw.grant --reason "token stolen 3 May"
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    words = ("withdraw", sha256, "--reason", reason, "--grant", grant.absolute())
    done = ask_custody(settings, output, *words, *store_arguments(settings))

    def people(console: Console) -> None:
        said = output.say("Sudah dicabut sebelumnya", "Was withdrawn before") if done["already"] else ""
        console.print(
            f"{said or output.say('Dicabut', 'Withdrawn')}: {done['sha256']}, {done['at'][:19]}", markup=False
        )
        console.print(
            output.say(
                "Sekarang: `kartu keys publish`, beri tahu para pemeriksa; `kartu card under-ca` menyebut kartu yang harus diterbitkan ulang.",
                "Now: `kartu keys publish`, and tell verifiers; `kartu card under-ca` names the cards to be issued anew.",
            ),
            markup=False,
        )

    output.show(done, people)
