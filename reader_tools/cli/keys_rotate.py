# SPDX-License-Identifier: Apache-2.0
"""``kartu keys rotate``: the next key of a purpose, and the key process told of it."""

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from cardservice import clock
from cardservice.keys import Purpose
from hsm.errors import RotationRefused
from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.key_process import say_told, tell_of_change
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

MAX_SECTOR = 0xFF

app = typer.Typer()
NOW = "now"


def _sector(word: str) -> str:
    try:
        known = not word or 0 < int(word, 16) <= MAX_SECTOR
    except ValueError:
        known = False
    if not known:
        raise typer.BadParameter("two hexadecimal digits, as on the card")
    return word.upper()


def _at(word: str) -> str:
    try:
        return word if word in {"", NOW} else datetime.fromisoformat(word).isoformat()
    except ValueError:
        raise typer.BadParameter("now, or a date or time such as 2027-01-31T08:00") from None


@app.command()
def rotate(
    purpose: Annotated[Purpose, typer.Argument(help="Whose next key.")],
    sector: Annotated[
        str,
        typer.Option(
            metavar="XX",
            callback=_sector,
            help="One sector, two hexadecimal digits. Default: all of them.",
            show_default=False,
        ),
    ] = "",
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            callback=_at,
            help="now, or the date or time (UTC) when it takes over. Default: seven days before the last key ends.",
            show_default=False,
        ),
    ] = "",
    rotation_id: Annotated[
        str,
        typer.Option(
            "--id",
            help="The rotation's name: asked again under it, it is not done again. Default: purpose, sector and today, once.",
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make the next key of a purpose, with its backup. What earlier keys made stays valid to its end.

    With --at now, earlier signing keys end at once: they sign nothing more. Masters get a new key version number for new cards; old cards keep working. The
    card CA gets a new certificate. A running key process is told.

    Example: kartu keys rotate eligibility-token
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    name = rotation_id or "-".join(filter(None, (purpose.value, sector, at and "at", at, f"{clock.now():%Y-%m-%d}")))
    words = [
        *("rotate", purpose.value, "--id", name),
        *(("--sector", sector) if sector else ()),
        *(("--at", at) if at else ()),
    ]
    done = ask_custody(settings, output, *words, *store_arguments(settings))
    told = tell_of_change(settings, output)
    if done["already"] and not rotation_id:
        # Nobody named it, so nobody can mean the earlier one: a second key, or the first one asked for twice?
        made = ", ".join(key["kid"] for key in done["made"])
        raise RotationRefused(
            purpose=purpose.value,
            rule=f"once a day under the name {name}, and {made} is made; for one more give --id a name",
        )

    def people(console: Console) -> None:
        _people(console, output, done)
        say_told(console, output, told)

    output.show({**done, **told.document}, people)


def _people(console: Console, output: Output, done: dict[str, Any]) -> None:
    if done["already"]:
        said = output.say("Sudah dilakukan sebelumnya", "Was done before")
        console.print(f"{said}: {done['rotation']}", markup=False)
    for word, keys in (
        (output.say("Dibuat", "Made"), done["made"]),
        (output.say("Diakhiri", "Ended"), done["ended"]),
    ):
        for key in keys:
            version = f"{key['version']:02X}" if key["derived_length"] else key["version"]
            sector = f" {key['sector']:02X}" if key["sector"] else ""
            dates = f"{key['active_from'][:10]} .. {key['expires'][:10]}"
            console.print(f"{word}: {key['purpose']} {version}{sector} {key['kid']} {dates}", markup=False)
    if not done["backed_up"]:
        console.print(
            output.say(
                "PERHATIAN: tempat kunci tidak punya kunci cadangan; kunci ini tidak dapat dipulihkan.",
                "WARNING: the back end has no backup key; this key can't be restored.",
            ),
            markup=False,
        )
