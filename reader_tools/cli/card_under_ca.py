# SPDX-License-Identifier: Apache-2.0
"""``kartu card under-ca``: the live cards whose certificates a withdrawn CA issued."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.issuance.under_withdrawn import cards_under
from reader_tools.cli.bureau import open_records
from reader_tools.cli.desk_memory import seen_of
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.desk.published_folder import PublishedFolder

app = typer.Typer()


@app.command("under-ca")
def under_ca(
    folder: Annotated[Path, typer.Argument(help="What `kartu keys publish` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Name every live card under a withdrawn card CA: it needs new certificates, so it is voided and its member's order made anew.

    Cover is not touched: the sectors of these cards prove themselves by cover proofs, which other keys sign.

    Example: kartu card under-ca /srv/kartu/well-known
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    withdrawals = PublishedFolder(folder).take(seen_of(settings), clock.now()).withdrawals
    with open_records(settings) as database:
        found = list(cards_under(database, withdrawals))
    document = {
        "withdrawn_authorities": len(withdrawals.by_key),
        "cards": [
            {"chip_serial": one.chip_serial, "card_id": one.card_id, "state": one.state, "member_id": one.member_id}
            for one in found
        ],
    }

    def people(console: Console) -> None:
        for one in found:
            console.print(f"{one.chip_serial}  {one.state.value}  {one.member_id}", markup=False)
        said = output.say("kartu harus diterbitkan ulang", "cards to be issued anew")
        console.print(f"{len(found)} {said}", markup=False)

    output.show(document, people)
