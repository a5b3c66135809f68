# SPDX-License-Identifier: Apache-2.0
"""``kartu card resume``: go on with a personalization that was cut short."""

from typing import Annotated

import typer

from reader_tools.cli.card_making import make_card
from reader_tools.cli.output import AsJson
from reader_tools.cli.pin import PinFile
from reader_tools.cli.reader import ReaderName

app = typer.Typer()


@app.command()
def resume(
    order_id: Annotated[str, typer.Argument(help="The order whose card was begun.")],
    reader: ReaderName = None,
    pin_file: PinFile = None,
    as_json: AsJson = False,
) -> None:
    """Finish a card that was torn: it is read first, and only what is missing is done. The PIN is asked again, since nobody kept it.

    A card that is lost instead is given up with: kartu card void CHIP_SERIAL

    Example: kartu card resume 0123456789abcdef0123456789abcdef
    """
    make_card(order_id, reader=reader, pin_file=pin_file, begun=True, as_json=as_json)
