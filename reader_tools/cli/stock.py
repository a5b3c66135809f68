# SPDX-License-Identifier: Apache-2.0
"""``kartu stock``: blank cards coming in, and the equation that must always hold."""

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.chip import probe
from cardservice.issuance.stock import count_stock, receive_chips
from cardservice.records.stock import MAX_LOCATION, StockCount
from reader_tools.cli.bureau import open_bureau
from reader_tools.cli.chip_serial import parse_chip_serial
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.named_file import read_named
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.reader import ReaderName
from reader_tools.cli.settings import Settings
from reader_tools.errors import FileUnreadable
from reader_tools.reader import open_card

MOST_OCTETS = 4 * 1024 * 1024  # of a supplier's list: some 190,000 chips

app = typer.Typer(no_args_is_help=True)


def _location(location: str | None) -> str | None:
    if location is None:
        return None
    location = location.strip()
    if not location or len(location) > MAX_LOCATION or not location.isprintable():
        raise typer.BadParameter(f"1 to {MAX_LOCATION} printable characters")
    return location


@app.callback()
def stock() -> None:
    """Stock of blank cards, per location.

    Example: kartu stock count
    """


@app.command()
def receive(
    location: Annotated[str, typer.Option(help="Where the cards are now.", callback=_location)],
    chip_serials: Annotated[
        list[str] | None, typer.Argument(metavar="[CHIP_SERIAL]...", help="Chips of the delivery.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="The supplier's list instead: one chip serial per line.", show_default=False)
    ] = None,
    inserted: Annotated[
        bool, typer.Option("--inserted", help="The card in the reader instead, for demonstrations.")
    ] = False,
    reader: ReaderName = None,
    as_json: AsJson = False,
) -> None:
    """Write down a delivery of blank cards, all or none: a chip that came in before refuses the whole list.

    Example: kartu stock receive --location jakarta --file delivery.txt
    """
    if sum((bool(chip_serials), file is not None, inserted)) != 1:
        raise typer.BadParameter("give chip serials, --file or --inserted")
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    if inserted:
        serials = [_inserted(reader or settings.reader, settings.data_dir)]
    elif file is not None:
        serials = _listed(file)
    else:
        serials = [parse_chip_serial(serial) for serial in chip_serials or []]
    with open_bureau(settings) as bureau:
        received = receive_chips(bureau, location=location, chip_serials=serials)
    said = output.say("kartu kosong diterima di", "blank cards received at")
    output.show(
        {"received": received, "location": location, "chip_serials": serials},
        lambda console: console.print(f"{received} {said} {location}", markup=False),
    )


@app.command()
def count(
    location: Annotated[
        str | None, typer.Option(help="One location. Default: all.", callback=_location, show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count: every card that came in must be somewhere. Exit code 1 where the equation does not hold.

    Example: kartu stock count --location jakarta
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_bureau(settings) as bureau:
        counted = count_stock(bureau, location)
    output.show(
        {
            "location": location,
            "received": counted.received,
            "stock": counted.stock,
            "live": counted.live,
            "revoked": counted.revoked,
            "destroyed": counted.destroyed,
            "spoiled": counted.spoiled,
            "missing": counted.missing,
        },
        lambda console: _equation(output, console, counted),
    )
    raise typer.Exit(ExitCode.REFUSED if counted.missing else ExitCode.OK)


def _inserted(reader: str, data_dir: Path) -> str:
    with open_card(reader, data_dir) as card:
        return run(probe(secrets.token_bytes), card).chip.chip_serial


def _listed(file: Path) -> list[str]:
    content = read_named(file, MOST_OCTETS)
    if len(content) > MOST_OCTETS:
        raise FileUnreadable(path=str(file), rule=f"longer than {MOST_OCTETS} bytes")
    lines = content.decode("utf-8", "replace").splitlines()
    return [parse_chip_serial(text, line) for line, text in enumerate(lines, start=1) if text.strip()]


def _equation(output: Output, console: Console, counted: StockCount) -> None:
    terms = (
        (counted.stock, "di gudang", "in stock"),
        (counted.live, "terpakai", "live"),
        (counted.revoked, "dicabut", "revoked"),
        (counted.destroyed, "dimusnahkan", "destroyed"),
        (counted.spoiled, "rusak", "spoiled"),
    )
    right = " + ".join(f"{number} {output.say(*words)}" for number, *words in terms)
    sign = "=" if counted.missing == 0 else "≠" if "utf" in console.encoding else "!="
    console.print(f"{counted.received} {output.say('diterima', 'received')} {sign} {right}", markup=False)
    if counted.missing:
        said = output.say("Selisih", "Difference")
        console.print(f"{said}: {counted.missing}", style="bold red", markup=False)
