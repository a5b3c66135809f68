# SPDX-License-Identifier: Apache-2.0
"""``kartu member pending`` and ``verify-pending``: asking the population registry, slowly one by one, or a whole list by grant of two officers."""

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
from cardservice.enrolment.verify_granted import GrantedReport, pending_contexts, verify_granted
from cardservice.enrolment.verify_pending import verify_pending
from cardservice.enrolment.verifying import Verifying, VerifyReport
from cardservice.records import population_checks
from reader_tools.cli.bureau import open_records
from reader_tools.cli.key_caller import key_process
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.pending_file import read_pending, write_pending
from reader_tools.cli.registry_settings import registry_client
from reader_tools.cli.settings import Settings
from reader_tools.patient_keys import PatientBlindIndex, PatientSealer, open_patiently

AN_HOUR_S_WORK = 600  # members; three openings each, and hsm/limits/anomaly_limit.py lets 2,000 be ordinary
A_LIST = 300_000  # members: three values each, and a list to be signed has a million lines at most
PORTION_SECONDS = 30.0  # for a whole portion at the key process, which records each opening


def pending(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    limit: Annotated[int, typer.Option(min=1, max=A_LIST, help="The longest due so many.")] = A_LIST,
    as_json: AsJson = False,
) -> None:
    """List who waits for the population registry, for two officers to sign: `kartu keys grant sign`. No NIK and no name is in it.

    Example: kartu member pending due.jsonl
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database:
        lines = write_pending(file, pending_contexts(database, clock.now(), limit))
    told = {"list": str(file), "values": lines}
    said = output.say("nilai tersegel untuk dibuka", "sealed values to be opened")
    output.show(told, lambda console: console.print(f"{file}: {lines} {said}", markup=False, soft_wrap=True))


def verify(
    limit: Annotated[int, typer.Option(min=1, help="Without a grant: ask about so many at most.")] = AN_HOUR_S_WORK,
    grant: Annotated[
        Path | None,
        typer.Option(help="A grant of two officers for the list: `kartu keys grant sign`.", show_default=False),
    ] = None,
    listed: Annotated[
        Path | None,
        typer.Option("--list", help="With --grant: the list that they signed.", show_default=False),
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="With --grant: questions under way at a time.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Ask the population registry about every member whose question is due. Run it every hour; twice at once is safe.

    A question opens three sealed values, and the key process holds more than 2,000 openings in an hour for a theft: hence the limit. For a long
    list two officers sign a grant, and the run works through it; run again with the same grant, it goes on where it was broken off.
    Exit codes: 0 everyone due was asked about, or the limit was reached; 4 the registry does not answer, and the rest is asked about another time.

    Example: kartu member verify-pending --grant night.grant --list due.jsonl
    """
    if (grant is None) is not (listed is None):
        raise typer.BadParameter("--grant and --list go together")
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with (
        open_records(settings) as database,
        key_process(settings) as keys,
        key_process(settings, patience=PORTION_SECONDS) as opening,
        registry_client() as registry,
    ):
        verifying = Verifying(
            database,
            registry,
            PatientSealer(keys.sealer),
            PatientBlindIndex(keys.blind_index),
            new_id=lambda: secrets.token_hex(16),
            now=clock.now,
        )
        with database.read() as connection:
            due = population_checks.count_due(connection, clock.now())
        by_grant = None
        if grant is not None and listed is not None:
            portions = opening.granted_portions(grant, read_pending(listed))
            with _progress(output, due) as on_asked:
                by_grant = verify_granted(verifying, portions, open_patiently, at_once=at_once, on_asked=on_asked)
            report = by_grant.members
        else:
            with _progress(output, min(due, limit)) as on_asked:
                report = verify_pending(verifying, limit=limit, on_asked=on_asked)
        with database.read() as connection:
            left = population_checks.count_due(connection, clock.now())
    if report.stopped is not None:
        raise report.stopped
    _show(output, report, by_grant, left)


def _show(output: Output, report: VerifyReport, by_grant: GrantedReport | None, left: int) -> None:
    counted: dict[str, object] = {
        "verified": report.verified,
        "mismatch": report.mismatch,
        "postponed": report.postponed,
        "dropped": report.dropped,
        "left": left,
    }
    line = output.say(
        "{verified} cocok, {mismatch} tidak cocok, {postponed} ditunda, {left} tersisa",
        "{verified} verified, {mismatch} differ, {postponed} postponed, {left} left",
    )
    if by_grant is not None:
        counted["portions"] = {
            "opened": by_grant.opened,
            "passed_over": by_grant.passed_over,
            "not_yet": by_grant.not_yet,
            "ended": by_grant.ended,
        }
        counted["left_of_list"] = by_grant.left
        line += "\n" + output.say(
            "Izin: {portions[opened]} bagian dibuka, {portions[passed_over]} sudah selesai atau terpakai, "
            "{portions[not_yet]} belum waktunya, {portions[ended]} habis waktunya; {left_of_list} peserta dari daftar masih menunggu.",
            "Grant: {portions[opened]} portions opened, {portions[passed_over]} done or used before, "
            "{portions[not_yet]} not yet, {portions[ended]} ended; {left_of_list} members of the list still wait.",
        )
        if by_grant.left and not by_grant.not_yet:
            line += "\n" + output.say(
                "Untuk sisanya buat daftar dan izin baru: kartu member pending BERKAS",
                "For those make a new list and grant: kartu member pending FILE",
            )
    output.show(counted, lambda console: console.print(line.format(**counted), markup=False, soft_wrap=True))


@contextmanager
def _progress(output: Output, most: int) -> Iterator[Callable[[int], None]]:
    console = Console(file=sys.stderr)
    shown = not output.as_json and console.is_terminal
    with Progress(console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(output.say("Menanyakan", "Asking"), total=most)
        yield lambda done: bar.update(task, completed=done)
