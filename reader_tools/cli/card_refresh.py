# SPDX-License-Identifier: Apache-2.0
"""``kartu card refresh``: the card in the reader gets cover proofs that say what was paid since."""

import typer
from rich.console import Console

from cardservice.card_edge.dialogue import run
from cardservice.issuance.refresh import Refresh, RefreshedCard
from reader_tools.cli.bureau import open_bureau
from reader_tools.cli.contact import tell_written, written_document
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.reader import ReaderName
from reader_tools.cli.settings import Settings
from reader_tools.cli.step_list import StepList
from reader_tools.reader import open_card

app = typer.Typer()


@app.command()
def refresh(
    reader: ReaderName = None,
    as_json: AsJson = False,
) -> None:
    """Look at the card's cover proofs, and write anew those that are stale: another month paid, or an end within 14 days.

    Every other command that has a card in the reader of such a desk does it too, after its own work; this one does nothing else, and fails where
    it can't be done. No PIN is needed. A card that is torn meanwhile keeps its old proofs, and gets the new ones the next time.

    Example: kartu card refresh
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_bureau(settings) as bureau:
        steps = StepList(output)
        with open_card(reader or settings.reader, settings.data_dir) as card, steps:
            done = run(Refresh(bureau).dialogue(), card, on_script=steps.sending)
    document = {
        "card_id": done.card_id,
        "chip_serial": done.chip_serial,
        "sectors": list(done.sectors),
        "written": written_document(done.written),
        "scripts": steps.documents,
    }
    output.show(document, lambda console: _tell(output, console, done))


def _tell(output: Output, console: Console, done: RefreshedCard) -> None:
    if not done.written:
        console.print(
            output.say("Semua bukti kepesertaan masih baik.", "Every cover proof is still good."), markup=False
        )
        return
    tell_written(output, console, done.written)
