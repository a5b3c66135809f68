# SPDX-License-Identifier: Apache-2.0
"""``kartu keys list``: every key, its state, and what is due."""

from typing import Annotated, Any

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

SHOWN_OF_CHECK = 16  # characters; --json has all

STATES = {
    "next": ("berikutnya", "next"),
    "active": ("aktif", "active"),
    "ended": ("berakhir", "ended"),
    "destroyed": ("dimusnahkan", "destroyed"),
}

app = typer.Typer()


@app.command()
def list_keys(
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with 1 where a key is due or a ceremony unfinished, for a daily watch."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Every key: purpose, version, sector, name, fingerprint or check value, dates, state and days left.

    A slot whose last key ends within 30 days (14 for keys that live a quarter) is due: it is named below the table.

    Example: kartu keys list
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    found = ask_custody(settings, output, "list", *store_arguments(settings))
    output.show(found, lambda console: _people(console, output, found))
    if strict and (found["warnings"] or found["unfinished_ceremony_step"] is not None):
        raise typer.Exit(ExitCode.REFUSED)


def _people(console: Console, output: Output, found: dict[str, Any]) -> None:
    heads = (
        output.say("Kegunaan", "Purpose"),
        output.say("Versi", "Version"),
        output.say("Sektor", "Sector"),
        "kid",
        output.say("Pemeriksa", "Check"),
        output.say("Mulai", "From"),
        output.say("Sampai", "Until"),
        output.say("Sisa hari", "Days left"),
        output.say("Keadaan", "State"),
    )
    # Lines, however narrow the terminal: a name cut short names nothing.
    rows = [list(heads), *(_row(output, key) for key in found["keys"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        console.print("  ".join(map(str.ljust, row, widths)).rstrip(), markup=False)
    console.print(f"{output.say('Tempat kunci', 'Back end')}: {found['backend']}", markup=False)
    if (step := found["unfinished_ceremony_step"]) is not None:
        console.print(
            output.say(
                f"PERHATIAN: upacara kunci berhenti pada langkah {step}. Jangan pakai kunci ini; "
                "mulai lagi dengan `kartu keys ceremony PLAN --again`.",
                f"WARNING: the key ceremony stopped at step {step}. Do not use these keys; "
                "begin again with `kartu keys ceremony PLAN --again`.",
            ),
            markup=False,
        )
    for certificate in found["ca_certificates"]:
        console.print(_certificate_line(output, certificate), markup=False, soft_wrap=True)
    for due in found["warnings"]:
        sector = f" {due['sector']:02X}" if due["sector"] else ""
        console.print(
            output.say(
                f"PERHATIAN: kunci terakhir {due['purpose']}{sector} berakhir dalam {due['days_left']} hari. "
                f"Jalankan `kartu keys rotate {due['purpose']}`.",
                f"WARNING: the last {due['purpose']}{sector} key ends in {due['days_left']} days. "
                f"Run `kartu keys rotate {due['purpose']}`.",
            ),
            markup=False,
        )


def _certificate_line(output: Output, certificate: dict[str, Any]) -> str:
    state = "*" if certificate["in_use"] else ""
    if certificate["withdrawn"] is not None:
        state = f"{output.say('DICABUT', 'WITHDRAWN')}: {certificate['withdrawn']}"
    said = output.say("Sertifikat CA kartu", "Card CA certificate")
    return f"{said}: SHA-256 {certificate['sha256']} .. {certificate['not_after'][:10]} {state}".rstrip()


def _row(output: Output, key: dict[str, Any]) -> list[str]:
    state = output.say(*STATES[key["state"]])
    return [
        key["purpose"],
        f"{key['version']:02X}" if key["derived_length"] else str(key["version"]),
        f"{key['sector']:02X}",
        key["kid"],
        key["check"][:SHOWN_OF_CHECK],
        key["active_from"][:10],
        key["expires"][:10],
        str(key["days_left"]),
        state + (" *" if key["current"] else ""),
    ]
