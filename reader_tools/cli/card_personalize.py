# SPDX-License-Identifier: Apache-2.0
"""``kartu card personalize``: the blank card in the reader becomes a member's card."""

from typing import Annotated

import typer

from reader_tools.cli.card_making import make_card
from reader_tools.cli.output import AsJson
from reader_tools.cli.pin import PinFile
from reader_tools.cli.reader import ReaderName

app = typer.Typer()


@app.command()
def personalize(
    order_id: Annotated[str, typer.Argument(help="The order, approved by two people.")],
    reader: ReaderName = None,
    pin_file: PinFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the blank card in the reader the card of an approved order: keys, certificates, sectors, PIN; read back, proven, secured.

    The holder chooses the PIN and types it twice. A card that is torn meanwhile is finished with: kartu card resume ORDER_ID

    Example: kartu card personalize 0123456789abcdef0123456789abcdef --reader pcsc
    """
    make_card(order_id, reader=reader, pin_file=pin_file, begun=False, as_json=as_json)
