# SPDX-License-Identifier: Apache-2.0
"""``kartu card void``: take a card out of use, live or unfinished."""

from typing import Annotated

import typer

from cardservice.issuance.void import void_card
from reader_tools.cli.bureau import open_bureau
from reader_tools.cli.chip_serial import parse_chip_serial
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

MOST_REASON = 200

app = typer.Typer()


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > MOST_REASON or not reason.isprintable():
        raise typer.BadParameter(f"1 to {MOST_REASON} printable characters")
    return reason


@app.command()
def void(
    chip_serial: Annotated[str, typer.Argument(help="The chip, as kartu card info shows it.")],
    by: Person,
    reason: Annotated[
        str, typer.Option(help="Why; kept in the audit trail. No names or numbers of people.", callback=_reason)
    ],
    as_json: AsJson = False,
) -> None:
    """Revoke a live card, or count an unfinished or blank one as spoiled; the order of an unfinished one is free for another card.

    Example: kartu card void 479D43210A0B01020304 --by ani --reason lost
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_bureau(settings) as bureau:
        card = void_card(bureau, chip_serial=parse_chip_serial(chip_serial), by=by, reason=reason)
    document = {
        "chip_serial": card.chip_serial,
        "card_id": card.card_id,
        "state": card.state,
        "order_id": card.order_id,
    }
    said = output.say("Kartu", "Card")
    output.show(document, lambda console: console.print(f"{said} {card.chip_serial}: {card.state.value}", markup=False))
