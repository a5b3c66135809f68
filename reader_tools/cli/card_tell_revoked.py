# SPDX-License-Identifier: Apache-2.0
"""``kartu card tell-revoked``: tell the key process of every revoked card, after it could not be told or has lost its list."""

import typer

from cardservice.issuance.revocation import tell_all_revoked
from reader_tools.cli.bureau import open_bureau
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def tell_revoked(as_json: AsJson = False) -> None:
    """Tell the key process of every card that the records call revoked or destroyed. Safe to repeat; needed after `keys-not-told`.

    Example: kartu card tell-revoked
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_bureau(settings) as bureau:
        told, new = tell_all_revoked(bureau)
    said = output.say(
        f"{told} kartu yang dicabut disampaikan ke proses kunci, {new} di antaranya baru.",
        f"{told} revoked cards told to the key process, {new} of them new to it.",
    )
    output.show({"told": told, "new": new}, lambda console: console.print(said, markup=False))
