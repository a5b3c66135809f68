# SPDX-License-Identifier: Apache-2.0
"""``kartu collection reconcile``: a partner's statement of a day in, differences out."""

import secrets
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection.reconcile import reconcile as reconcile_statement
from cardservice.collection.statement import MAX_OCTETS, read_statement
from cardservice.records.reconciliations import DifferenceRow
from reader_tools.cli.bureau import open_records
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.named_file import read_named
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("YYYY-MM-DD") from None


@app.command()
def reconcile(
    file: Annotated[Path, typer.Argument(help="The statement: CSV, reference,amount,status.")],
    partner: Annotated[str, typer.Option(help="The bank's or aggregator's id.")],
    day: Annotated[str, typer.Option(help="The day in Jakarta, YYYY-MM-DD.", callback=lambda text: str(_day(text)))],
    as_json: AsJson = False,
) -> None:
    """Hold a partner's statement against our payments of that day. Each difference stays open until somebody resolves it.

    The same file twice changes nothing. Exit codes: 0 no difference is open; 1 some are; 5 the file can't be read.

    Example: kartu collection reconcile bca-2026-11-23.csv --partner BCA --day 2026-11-23
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    statement = read_statement(read_named(file, MAX_OCTETS))
    with open_records(settings) as database:
        done = reconcile_statement(
            database,
            statement,
            partner_id=partner,
            day=_day(day),
            new_id=lambda: secrets.token_hex(16),
            at=clock.now(),
        )
    still_open = [each for each in done.differences if each.resolved_at is None]
    document = {
        "partner": partner,
        "day": done.statement.day,
        "lines": done.statement.lines,
        "rupiah": done.statement.rupiah,
        "again": done.again,
        "differences": [document_of(each) for each in done.differences],
        "open": len(still_open),
    }
    output.show(document, lambda console: _tell(output, console, done.statement.lines, still_open))
    raise typer.Exit(ExitCode.REFUSED if still_open else ExitCode.OK)


def document_of(row: DifferenceRow) -> dict[str, object]:
    """A difference as JSON."""
    return {name: getattr(row, name) for name in DifferenceRow.__slots__}


def _tell(output: Output, console: Console, lines: int, still_open: list[DifferenceRow]) -> None:
    show_differences(output, console, still_open)
    said = output.say(
        f"{lines} baris, {len(still_open)} selisih belum selesai", f"{lines} lines, {len(still_open)} differences open"
    )
    console.print(said, markup=False)


def show_differences(output: Output, console: Console, found: list[DifferenceRow]) -> None:
    """A table of them."""
    if not found:
        return
    heads = (
        "Id",
        output.say("Hari", "Day"),
        output.say("Mitra", "Partner"),
        output.say("Jenis", "Kind"),
        output.say("Referensi", "Reference"),
        output.say("Mereka", "Theirs"),
        output.say("Kita", "Ours"),
    )
    rows = [
        (
            each.difference_id,
            each.day.isoformat(),
            each.partner_id,
            each.kind.value,
            each.reference,
            "-" if each.theirs is None else str(each.theirs),
            "-" if each.ours is None else str(each.ours),
        )
        for each in found
    ]
    console.print(output.table(heads, rows), markup=False)
