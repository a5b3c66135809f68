# SPDX-License-Identifier: Apache-2.0
"""``kartu collection difference``: what statements showed, and who settled it how."""

from typing import Annotated

import typer

from cardservice import clock
from cardservice.collection.reconcile import resolve as resolve_difference
from cardservice.records import reconciliations
from cardservice.records.reconciliations import MAX_NOTE
from reader_tools.cli.bureau import open_records
from reader_tools.cli.collection_reconcile import document_of, show_differences
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def difference() -> None:
    """Differences between partners' statements and our payments.

    Example: kartu collection difference list
    """


def _note(note: str) -> str:
    note = note.strip()
    if not note or len(note) > MAX_NOTE or not note.isprintable():
        raise typer.BadParameter(f"1 to {MAX_NOTE} printable characters")
    return note


@app.command("list")
def list_differences(as_json: AsJson = False) -> None:
    """List every difference that nobody has resolved, oldest first.

    Example: kartu collection difference list
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        found = list(reconciliations.open_differences(connection))
    document = {"differences": [document_of(each) for each in found]}
    output.show(document, lambda console: show_differences(output, console, found))


@app.command()
def resolve(
    difference_id: Annotated[str, typer.Argument(help="The difference, as kartu collection difference list shows it.")],
    by: Person,
    note: Annotated[str, typer.Option(help="How it was settled. No names or numbers of members.", callback=_note)],
    as_json: AsJson = False,
) -> None:
    """Settle a difference: somebody looked, and something was done about it with the partner.

    Example: kartu collection difference resolve 0123456789abcdef0123456789abcdef --by ani --note "sent again by the bank"
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database:
        row = resolve_difference(database, difference_id, by=by, note=note, at=clock.now())
    said = output.say("Selisih diselesaikan", "Difference resolved")
    output.show(
        document_of(row), lambda console: console.print(f"{said}: {row.kind.value} {row.reference}", markup=False)
    )
