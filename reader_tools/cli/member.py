# SPDX-License-Identifier: Apache-2.0
"""``kartu member``: put a member list into the books."""

import csv
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import Progress

from cardservice import clock
from cardservice.enrolment.enroller import enroller
from cardservice.enrolment.import_list import Importing, import_list, preview_list
from cardservice.enrolment.list_file import examine
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.records import member_lists
from cardservice.records.database import Database
from cardservice.records.intermediaries import SCHEME_CODE
from cardservice.records.member_lists import ListKey
from cardservice.verification.civil_day import civil_day
from reader_tools.cli import member_registry, member_verify
from reader_tools.cli.bureau import records_and_packs
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.failure import words
from reader_tools.cli.key_caller import key_process
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.errors import FileUnreadable, FileUnwritable
from reader_tools.patient_keys import PatientBlindIndex, PatientSealer

MOST_SHOWN = 1_000  # problems in one document; a report file has them all
MOST_READ = 50  # problems that a person is shown

app = typer.Typer(no_args_is_help=True)
app.command("pending")(member_verify.pending)
app.command("verify-pending")(member_verify.verify)
app.command("show")(member_registry.show)
app.command("recheck")(member_registry.ask_again)
app.command("accept")(member_registry.accept)


@app.callback()
def member() -> None:
    """Members: who may get a card, and what was paid for them.

    Example: kartu member import examples/members.csv
    """


@app.command("import")
def import_members(
    file: Annotated[Path, typer.Argument(help="The list: CSV (UTF-8) or XLSX, one member per line.")],
    intermediary: Annotated[str, typer.Option(help="Whose list it is: the code of an intermediary.")] = SCHEME_CODE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would happen.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with this list where it was broken off.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write a CSV file with line, field, rule, cause and remedy of each fault.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a member list. Good rows go in; a bad row is told with its line, field, rule, cause and remedy, and stays out.

    A list goes in exactly once: importing it again changes nothing, and one that was broken off goes on with --resume. Needs the key
    process, since NIK, name and birth date are kept sealed.
    Exit codes: 0 every row was good; 1 some rows were refused; 5 the file can't be read as a member list.

    Example: kartu member import examples/members.csv
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with (
        _opened(file) as octets,
        records_and_packs(settings) as (database, packs),
        key_process(settings) as keys,
    ):
        today = civil_day(clock.now())
        list_file = examine(octets)
        with database.read() as connection:
            by = enroller(connection, today, intermediary)
        importing = Importing(
            database,
            PatientSealer(keys.sealer),
            PatientBlindIndex(keys.blind_index),
            by,
            new_id=lambda: secrets.token_hex(16),
            now=clock.now,
            packs=packs,
        )
        told = _Told(output)
        with _report_file(report) as write, _progress(output, list_file.rows) as on_rows:
            if dry_run:
                done = preview_list(
                    importing,
                    list_file,
                    today=today,
                    on_problems=lambda problems: told.take(problems, write),
                    on_rows=on_rows,
                )
                counts = {"new": done.new, "unchanged": done.unchanged, "changed": done.changed}
            else:
                progress = import_list(importing, list_file, today=today, resume=resume, on_rows=on_rows)
                counts = {
                    "new": progress.rows_new,
                    "unchanged": progress.rows_unchanged,
                    "changed": progress.rows_changed,
                }
                told.take(_kept(database, ListKey(by.own.intermediary_id, list_file.sha256)), write)
    told.show(counts, dry_run=dry_run)
    raise typer.Exit(ExitCode.REFUSED if told.lines else ExitCode.OK)


@dataclass
class _Told:
    """What is wrong with refused rows: counted, and the first of them kept to be shown."""

    output: Output
    lines: set[int] = field(default_factory=set)
    shown: list[dict[str, str | int]] = field(default_factory=list)
    left_out: int = 0

    def take(self, problems: Iterable[RowProblem], write: Callable[[dict[str, str | int]], None]) -> None:
        for problem in problems:
            self.lines.add(problem.line)
            row = _problem(problem, self.output)
            write(row)
            if len(self.shown) < MOST_SHOWN:
                self.shown.append(row)
            else:
                self.left_out += 1

    def show(self, counts: dict[str, int], *, dry_run: bool) -> None:
        counted = {"rows": sum(counts.values()) + len(self.lines)} | counts | {"refused": len(self.lines)}
        document = counted | {
            "dry_run": dry_run,
            "problems": self.shown,
            "problems_left_out": self.left_out,
        }
        self.output.show(document, lambda console: self._tell(console, counted, dry_run=dry_run))

    def _tell(self, console: Console, counted: dict[str, int], *, dry_run: bool) -> None:
        say = self.output.say
        for row in self.shown[:MOST_READ]:
            where = f"{say('Baris', 'Line')} {row['line']}" + (f", {row['field']}" if row["field"] else "")
            console.print(f"{where}: {row['cause']}", markup=False)
            console.print(f"   -> {row['remedy']}", markup=False)
        more = len(self.shown) + self.left_out - MOST_READ
        if more > 0:
            console.print(
                say(f"dan {more} lagi: --report BERKAS.csv", f"and {more} more: --report FILE.csv"), markup=False
            )
        if dry_run:
            console.print(say("Uji coba, tidak ada yang diubah:", "A dry run, nothing was changed:"), markup=False)
        line = say(
            "{rows} baris: {new} baru, {changed} berubah, {unchanged} tetap, {refused} ditolak",
            "{rows} rows: {new} new, {changed} changed, {unchanged} unchanged, {refused} refused",
        )
        console.print(line.format(**counted), markup=False)


def _kept(database: Database, key: ListKey) -> Iterator[RowProblem]:
    """The faults as the books have them, of all runs of this import together."""
    with database.read() as connection:
        for each in member_lists.problems(connection, key):
            evidence = {name: value for name, value in each.evidence.items() if isinstance(value, str | int)}
            yield RowProblem(each.line, each.field, Rule(each.rule), evidence)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The list. Raises FileUnreadable, also for what can't be read twice (a pipe)."""
    try:
        file = path.open("rb")
    except OSError as failed:
        raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be read") from None
    with file:
        if not file.seekable():
            raise FileUnreadable(path=str(path), rule="a file, not a pipe")
        yield file


@contextmanager
def _report_file(path: Path | None) -> Iterator[Callable[[dict[str, str | int]], None]]:
    """What writes one fault into the report, or into nothing. Spreadsheets read UTF-8 if it begins with a byte order mark."""
    if path is None:
        yield lambda _: None
        return
    try:
        file = path.open("w", encoding="utf-8-sig", newline="")
    except OSError as failed:
        raise FileUnwritable(path=str(path), rule=failed.strerror or "can't be made") from None
    with file:
        writer = csv.DictWriter(file, ["line", "field", "rule", "cause", "remedy"])
        writer.writeheader()
        yield writer.writerow


@contextmanager
def _progress(output: Output, rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while a person waits; nothing where nobody looks."""
    console = Console(file=sys.stderr)
    shown = not output.as_json and console.is_terminal
    with Progress(console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(output.say("Mengimpor", "Importing"), total=rows)
        yield lambda done: bar.update(task, completed=done)


def _problem(problem: RowProblem, output: Output) -> dict[str, str | int]:
    cause, remedy = words(problem.text_code, problem.evidence, output.language)
    return {"line": problem.line, "field": problem.field, "rule": problem.rule.value, "cause": cause, "remedy": remedy}
