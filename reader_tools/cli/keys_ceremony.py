# SPDX-License-Identifier: Apache-2.0
"""``kartu keys ceremony``: review a plan, hold the ceremony that it describes, look at a transcript."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody
from reader_tools.cli.hsm import KeyFiles
from reader_tools.cli.keys_attest import AuditKeys, show_verified
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.plan_confirmation import PlanHash, confirmed
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def ceremony(
    plan: Annotated[Path, typer.Argument(help="The plan (TOML); with --verify a transcript, or its folder.")],
    show: Annotated[
        bool, typer.Option("--show", help="Show what the plan says, and its hash. Nothing is done.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Look whether a transcript holds.")] = False,
    plan_hash: PlanHash = "",
    out: Annotated[Path, typer.Option(help="A new folder for shares, backup and transcript.")] = Path("ceremony"),
    again: Annotated[
        bool, typer.Option("--again", help="Destroy what an unfinished ceremony made, and begin again.")
    ] = False,
    custodian: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="A custodian's passphrase, in a file of mode 0600. Default: asked for.",
            show_default=False,
        ),
    ] = None,
    component: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERSION:NUMBER=FILE",
            help="A component of a transport key, hexadecimal, in a file of mode 0600. Default: asked for.",
            show_default=False,
        ),
    ] = None,
    audit_key: AuditKeys = None,
    as_json: AsJson = False,
) -> None:
    """Make a whole key set from one reviewed plan: keys, shares for the custodians, backup, and a signed transcript as text and PDF.

    Secrets are typed without echo, or read from files; they are never words of the command.

    Example: kartu keys ceremony plan.toml --out ceremony-2026
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    if verify:
        show_verified(settings, output, plan, audit_key or [])
        return
    planned = ask_custody(settings, output, "show-plan", plan.absolute())
    if show:
        output.show(planned, lambda console: _plan(console, output, planned))
        return
    digest = plan_hash or confirmed(output, planned)
    words = [
        *("--plan-hash", digest, "--out", out.absolute()),
        *(("--again",) if again else ()),
        *(word for named in custodian or () for word in ("--custodian", named)),
        *(word for named in component or () for word in ("--component", named)),
    ]
    held = ask_custody(settings, output, "ceremony", plan.absolute(), *words, *KeyFiles.of(settings).custody_arguments)
    output.show(held, lambda console: _held(console, output, held))


def _plan(console: Console, output: Output, planned: dict[str, Any]) -> None:
    lines = (
        (output.say("Skema", "Scheme"), planned["scheme"]),
        (output.say("Lingkungan", "Environment"), planned["environment"]),
        (output.say("Tempat kunci", "Back end"), planned["store"]),
        (output.say("Pemegang pecahan", "Custodians"), f"{planned['threshold']} / {', '.join(planned['custodians'])}"),
        (output.say("Saksi", "Witnesses"), ", ".join(planned["witnesses"])),
        (output.say("Petugas", "Officers"), ", ".join(one["name"] for one in planned["officers"]) or "-"),
    )
    for name, value in lines:
        console.print(f"{name}: {value}", markup=False)
    for key in planned["keys"]:
        sector = f" {key['sector']:02X}" if key["sector"] else ""
        version = f"{key['version']:02X}" if key["derived_length"] else key["version"]
        console.print(
            f"  {key['purpose']} {version}{sector}: {key['active_from'][:10]} .. {key['expires'][:10]}",
            markup=False,
        )
    console.print(f"SHA-256 {planned['plan_sha256']}", markup=False)


def _held(console: Console, output: Output, held: dict[str, Any]) -> None:
    said = output.say("Upacara selesai", "The ceremony is over")
    console.print(f"{said}: {held['keys']} {output.say('kunci', 'keys')}, {held['folder']}", markup=False)
    console.print(
        output.say(
            "Serahkan tiap berkas di shares/ kepada pemegangnya, hapus dari mesin ini, cetak dan tanda tangani transcript.pdf.",
            "Hand each file in shares/ to its custodian, delete it from this machine, print and sign transcript.pdf.",
        ),
        markup=False,
    )
