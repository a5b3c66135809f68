# SPDX-License-Identifier: Apache-2.0
"""``kartu keys handover``: custodians and officers change, by a quorum of the custodians present."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.key_process import say_told, tell_of_change
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.plan_confirmation import PlanHash, confirmed
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def handover(
    plan: Annotated[Path, typer.Argument(help="The plan (TOML), as examples/handover.toml.")],
    show: Annotated[
        bool, typer.Option("--show", help="Show what the plan says, and its hash. Nothing is done.")
    ] = False,
    plan_hash: PlanHash = "",
    out: Annotated[Path, typer.Option(help="A new folder for shares, backup and transcript.")] = Path("handover"),
    share: Annotated[
        list[Path] | None,
        typer.Option(help="The share of a custodian who is present; once for each.", show_default=False),
    ] = None,
    share_passphrase: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE=FILE",
            help="A share's passphrase, by the share's file name, in a file of mode 0600. Default: asked for.",
            show_default=False,
        ),
    ] = None,
    custodian: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="A new custodian's passphrase, in a file of mode 0600. Default: asked for.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Share the backup key anew among other custodians, enrol officers and dismiss them; with a signed transcript as text and PDF.

    The earlier shares open nothing that is made from then on. Interrupted once it took over, it is finished by the same command, without shares.

    Example: kartu keys handover handover.toml --share share-1.share --share share-2.share --share share-4.share --out handover-2027
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    planned = ask_custody(settings, output, "show-handover", plan.absolute())
    if show:
        output.show(planned, lambda console: _plan(console, output, planned))
        return
    words: list[str | Path] = [
        *("--plan-hash", plan_hash or confirmed(output, planned), "--out", out.absolute()),
        *(word for path in share or () for word in ("--share", path.absolute())),
        *(word for named in share_passphrase or () for word in ("--share-passphrase", named)),
        *(word for named in custodian or () for word in ("--custodian", named)),
    ]
    held = ask_custody(settings, output, "handover", plan.absolute(), *words, *store_arguments(settings))
    told = tell_of_change(settings, output)

    def people(console: Console) -> None:
        _held(console, output, held)
        say_told(console, output, told)

    output.show({**held, **told.document}, people)


def _plan(console: Console, output: Output, planned: dict[str, Any]) -> None:
    unchanged = output.say("tidak berubah", "unchanged")
    custodians = ", ".join(planned["custodians"])
    lines = (
        (output.say("Skema", "Scheme"), planned["scheme"]),
        (output.say("Lingkungan", "Environment"), planned["environment"]),
        (output.say("Tempat kunci", "Back end"), planned["store"]),
        (output.say("Alasan", "Reason"), planned["reason"]),
        (
            output.say("Pemegang pecahan", "Custodians"),
            f"{planned['threshold']} / {custodians}" if custodians else unchanged,
        ),
        (output.say("Petugas baru", "Officers enrolled"), ", ".join(one["name"] for one in planned["enrolled"]) or "-"),
        (output.say("Petugas berhenti", "Officers dismissed"), ", ".join(planned["dismissed"]) or "-"),
        (output.say("Saksi", "Witnesses"), ", ".join(planned["witnesses"])),
        ("SHA-256", planned["plan_sha256"]),
    )
    for name, value in lines:
        console.print(f"{name}: {value}", markup=False, soft_wrap=True)


def _held(console: Console, output: Output, held: dict[str, Any]) -> None:
    console.print(f"{output.say('Serah terima selesai', 'The handover is over')}: {held['folder']}", markup=False)
    if held["shared_anew"]:
        console.print(
            output.say(
                "Serahkan tiap berkas di shares/ kepada pemegangnya dan hapus dari mesin ini; musnahkan cadangan lama dan pecahan lama.",
                "Hand each file in shares/ to its custodian and delete it here; destroy the earlier backups and the earlier shares.",
            ),
            markup=False,
        )
    console.print(output.say("Cetak dan tanda tangani transcript.pdf.", "Print and sign transcript.pdf."), markup=False)
