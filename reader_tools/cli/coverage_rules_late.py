# SPDX-License-Identifier: Apache-2.0
"""``kartu coverage rules late``: packs that came to be known here after their day, and for how many members past months are answered otherwise."""

import typer
from rich.console import Console

from cardservice.coverage.civil_time import civil_day
from cardservice.coverage.decision import clock_time
from cardservice.coverage.late_packs import LatePack, late_packs
from cardservice.coverage.month import ContributionMonth
from cardservice.enrolment.pack_effect import LateEffect, effect_of
from reader_tools.cli.bureau import records_and_packs
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def late(as_json: AsJson = False) -> None:
    """Tell which packs came late, and for how many members of the base they answer otherwise about the months before that.

    Answers of before stay as they were, and are told again by --knowledge-at. 0: nobody is answered otherwise; 1: some are.

    Example: kartu coverage rules late
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with records_and_packs(settings) as (database, packs), database.read() as connection:
        found = [(each, list(effect_of(connection, each))) for each in late_packs(packs)]
    documents = [_document(each, effects) for each, effects in found]
    output.show({"late": documents}, lambda console: _tell(output, console, found))
    changed = any(effect.changed for _, effects in found for effect in effects)
    raise typer.Exit(ExitCode.REFUSED if changed else ExitCode.OK)


def _document(late: LatePack, effects: list[LateEffect]) -> dict[str, object]:
    return {
        "name": late.pack.name,
        "number": late.pack.rules.number,
        "dated": late.pack.dated,
        "known_from": late.known_from,
        "before": late.before.number,
        "months": [
            {
                "month": _month(each),
                "programme": each.programme,
                "members": each.members,
                "changed": each.changed,
            }
            for each in effects
        ],
    }


def _tell(output: Output, console: Console, found: list[tuple[LatePack, list[LateEffect]]]) -> None:
    if not found:
        console.print(output.say("Tidak ada paket yang terlambat.", "No pack came late."), markup=False)
    for late, effects in found:
        pack = late.pack
        told = output.say(
            "{} ({}), mulai {}, dikenal di sini sejak {}; sampai saat itu berlaku paket {}",
            "{} ({}), from {}, known here since {}; until then pack {} decided",
        ).format(pack.name, pack.rules.number, pack.dated, clock_time(late.known_from), late.before.number)
        console.print(told, markup=False, soft_wrap=True)
        headings = output.say("bulan program peserta berubah", "month programme members changed").split()
        rows = [(str(_month(each)), each.programme.value, f"{each.members:,}", f"{each.changed:,}") for each in effects]
        console.print(output.table(headings, rows))


def _month(effect: LateEffect) -> ContributionMonth:
    return ContributionMonth.of(civil_day(effect.moment))
