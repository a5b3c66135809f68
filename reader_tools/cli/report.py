# SPDX-License-Identifier: Apache-2.0
"""``kartu report``: figures about contributions; no names, no NIK, no small groups."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection.reports.arrears import arrears as arrears_report
from cardservice.collection.reports.claims import claim_inputs, first_claim
from cardservice.collection.reports.lapses import lapses as lapses_report
from cardservice.collection.reports.money import agents as agents_report
from cardservice.collection.reports.money import groups as groups_report
from cardservice.collection.reports.persistence import persistence as persistence_report
from cardservice.collection.reports.report import LEAST_SHOWN, Period, Report
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.rules import Rules
from cardservice.records.connection import Connection
from reader_tools.cli.bureau import open_records, rule_packs
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.errors import FileUnreadable

MOST_MONTHS = 120

app = typer.Typer(no_args_is_help=True)

From: TypeAlias = Annotated[str, typer.Option("--from", help="The first month, YYYY-MM.")]
To: TypeAlias = Annotated[str, typer.Option("--to", help="The last month, YYYY-MM.")]
Csv: TypeAlias = Annotated[Path | None, typer.Option("--csv", help="Write the rows to this file as CSV too.")]
Least: TypeAlias = Annotated[int, typer.Option(min=2, help="Groups of fewer members are not shown.")]


@app.callback()
def report() -> None:
    """Reports, defined in docs/reports.md. A figure about too few people is empty.

    Example: kartu report persistence --from 2026-01 --to 2026-12
    """


@app.command()
def persistence(first: From, last: To, csv: Csv = None, least: Least = LEAST_SHOWN, as_json: AsJson = False) -> None:
    """Contribution persistence by cohort of the first paid month.

    Example: kartu report persistence --from 2026-01 --to 2026-12 --csv persistence.csv
    """
    _make(persistence_report, first, last, csv, least, as_json=as_json)


@app.command()
def lapses(first: From, last: To, csv: Csv = None, least: Least = LEAST_SHOWN, as_json: AsJson = False) -> None:
    """Lapses and returns by month.

    Example: kartu report lapses --from 2026-01 --to 2026-12
    """
    _make(partial(lapses_report, rules=_rules()), first, last, csv, least, as_json=as_json)


@app.command("claim-inputs")
def inputs(first: From, last: To, csv: Csv = None, least: Least = LEAST_SHOWN, as_json: AsJson = False) -> None:
    """Inputs of the claim ratio: contributions and "covered" answers by programme and month.

    Example: kartu report claim-inputs --from 2026-01 --to 2026-12
    """
    _make(claim_inputs, first, last, csv, least, as_json=as_json)


@app.command("first-claim")
def first_claims(first: From, last: To, csv: Csv = None, least: Least = LEAST_SHOWN, as_json: AsJson = False) -> None:
    """New members by time from enrolment to their first "covered" answer (adverse selection).

    Example: kartu report first-claim --from 2026-01 --to 2026-12
    """
    _make(first_claim, first, last, csv, least, as_json=as_json)


@app.command()
def arrears(first: From, last: To, csv: Csv = None, least: Least = LEAST_SHOWN, as_json: AsJson = False) -> None:
    """Arrears by intermediary and programme, through the last month.

    Example: kartu report arrears --from 2026-01 --to 2026-12
    """
    _make(partial(arrears_report, rules=_rules()), first, last, csv, least, as_json=as_json)


@app.command()
def agents(first: From, last: To, csv: Csv = None, as_json: AsJson = False) -> None:
    """Agents' cash by month: receipts, void ones, commission, remittances and those that went back. Money books: shown whole.

    Example: kartu report agents --from 2026-01 --to 2026-12
    """
    _make(agents_report, first, last, csv, LEAST_SHOWN, as_json=as_json)


@app.command()
def groups(first: From, last: To, csv: Csv = None, as_json: AsJson = False) -> None:
    """Groups' money by month: sums, those that went back, bills paid and open again. Money books: shown whole.

    Example: kartu report groups --from 2026-01 --to 2026-12
    """
    _make(groups_report, first, last, csv, LEAST_SHOWN, as_json=as_json)


def _rules() -> Rules:
    """The rule pack in force now."""
    return rule_packs(Settings.load()).at(clock.now())


def _make(
    drawn: Callable[[Connection, Period, int], Report],
    first: str,
    last: str,
    csv: Path | None,
    least: int,
    *,
    as_json: bool,
) -> None:
    period = Period(ContributionMonth.parse(first), ContributionMonth.parse(last))
    if not 0 <= period.last - period.first < MOST_MONTHS:
        raise typer.BadParameter(f"--from is not after --to, at most {MOST_MONTHS} months")
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        made = drawn(connection, period, least)
    if csv is not None:
        try:
            csv.write_text(made.as_csv(), encoding="utf-8", newline="")
        except OSError as failed:
            raise FileUnreadable(path=str(csv), rule=failed.strerror or "can't be written") from None

    def people(console: Console) -> None:
        rows = [["-" if cell is None else str(cell) for cell in row] for row in made.rows]
        console.print(output.table(made.columns, rows), markup=False)
        said = output.say(f"-: kurang dari {least} peserta", f"-: fewer than {least} members")
        console.print(said, markup=False)

    output.show(made.as_json(), people)
