# SPDX-License-Identifier: Apache-2.0
"""``kartu member``: put a member list into the books."""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from cardservice import clock
from cardservice.enrolment.import_members import ImportReport, import_members
from cardservice.enrolment.member_list import MAX_OCTETS, read_member_list
from cardservice.enrolment.row_problem import RowProblem
from cardservice.verification.civil_day import civil_day
from hsm.client import KeyProcess
from reader_tools.cli.bureau import open_records
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.failure import words
from reader_tools.cli.named_file import read_named
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def member() -> None:
    """Members: who may get a card, and what was paid for them.

    Example: kartu member import examples/members.csv
    """


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="The list: CSV, UTF-8, one member per line.")],
    as_json: AsJson = False,
) -> None:
    """Import a member list. Good rows go in; a bad row is told with its line, field, reason and remedy, and stays out.

    Importing a list twice changes nothing. Needs the key process, since NIK, name and birth date are kept sealed.
    Exit codes: 0 every row was good; 1 some rows were refused; 5 the file can't be read as a member list.

    Example: kartu member import examples/members.csv
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    at = clock.now()
    member_list = read_member_list(read_named(file, MAX_OCTETS), today=civil_day(at))
    with (
        open_records(settings) as database,
        KeyProcess(settings.socket) as keys,
        _progress(output, len(member_list.rows)) as on_rows,
    ):
        report = import_members(
            database,
            member_list,
            sealer=keys.sealer,
            blind_index=keys.blind_index,
            new_id=lambda: secrets.token_hex(16),
            at=at,
            on_rows=on_rows,
        )
    problems = [_problem(problem, output) for problem in report.problems]
    output.show(_counts(report) | {"problems": problems}, lambda console: _tell(output, console, report, problems))
    raise typer.Exit(ExitCode.REFUSED if report.refused else ExitCode.OK)


@contextmanager
def _progress(output: Output, rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while a person waits; nothing where nobody looks."""
    console = Console(file=sys.stderr)
    shown = not output.as_json and console.is_terminal
    with Progress(console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(output.say("Mengimpor", "Importing"), total=rows)
        yield lambda done: bar.update(task, completed=done)


def _counts(report: ImportReport) -> dict[str, object]:
    return {
        "rows": report.rows,
        "new": report.new,
        "unchanged": report.unchanged,
        "changed": report.changed,
        "refused": report.refused,
    }


def _problem(problem: RowProblem, output: Output) -> dict[str, str | int]:
    cause, remedy = words(problem.text_code, problem.evidence, output.language)
    return {"line": problem.line, "field": problem.field, "rule": problem.rule.value, "cause": cause, "remedy": remedy}


def _tell(output: Output, console: Console, report: ImportReport, problems: list[dict[str, str | int]]) -> None:
    for row in problems:
        where = f"{output.say('Baris', 'Line')} {row['line']}" + (f", {row['field']}" if row["field"] else "")
        console.print(f"{where}: {row['cause']}", markup=False)
        console.print(f"   -> {row['remedy']}", markup=False)
    counted = output.say(
        f"{report.rows} baris: {report.new} baru, {report.changed} berubah, {report.unchanged} tetap, {report.refused} ditolak",
        f"{report.rows} rows: {report.new} new, {report.changed} changed, {report.unchanged} unchanged, {report.refused} refused",
    )
    console.print(counted, markup=False)
