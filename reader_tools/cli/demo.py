# SPDX-License-Identifier: Apache-2.0
"""``kartu demo``: the walk that ``./run`` shows, and the service it leaves running."""

import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cardservice import clock
from reader_tools.cli.bureau import rule_packs
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.errors import SettingsInvalid
from reader_tools.virtual.private_pcscd import PrivatePcscd, missing
from reader_tools.walk.slot import WalkSlot
from reader_tools.walk.stage import Stage, new_folder
from reader_tools.walk.teller import Teller
from reader_tools.walk.walk import Walk

MEMBERS = Path(__file__).parents[2] / "examples" / "members.csv"
PORT = 8080
LATEST = "demo"  # a link to the folder of the walk that serves

app = typer.Typer(help="The whole walk, from a blank card to a verified patient.\n\nExample: kartu demo --once")


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the walk; exit 0 only if every step succeeded.")
    ] = False,
    pcsc: Annotated[
        bool, typer.Option("--pcsc", help="Through real PC/SC: a pcscd of our own with a virtual reader (root).")
    ] = False,
    members: Annotated[Path, typer.Option(help="The member list to import.")] = MEMBERS,
    as_json: AsJson = False,
) -> None:
    """Walk the main job: keys, members, a card made, verified on line and off, a lapsed member, a clone, a torn card.

    Example: kartu demo --once --pcsc
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    teller = Teller(output)
    begun = clock.monotonic()
    data_dir = Path("var").absolute() if "KARTU_DATA_DIR" not in os.environ else settings.data_dir
    # However it is told to end, the processes that it started end with it.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    with ExitStack() as stack:
        stage = stack.enter_context(Stage(new_folder(data_dir), port=PORT, packs=rule_packs(settings)))
        slot = stack.enter_context(_slot(stage.folder, pcsc=pcsc))
        Walk(stage, slot, teller, members).go()
        took = clock.monotonic() - begun
        document = {
            "ok": True,
            "seconds": round(took, 3),
            "folder": stage.folder,
            "url": stage.url,
            "steps": teller.document(),
        }
        output.show(document, lambda console: console.print(f"\n{_ended(output, took)}", style="bold green"))
        if not once:
            _serve(output, stage)


@contextmanager
def _slot(folder: Path, *, pcsc: bool) -> Iterator[WalkSlot]:
    if not pcsc:
        yield WalkSlot(folder)
        return
    lacking = missing()
    if lacking is not None:
        raise SettingsInvalid(setting="--pcsc", rule=f"pcscd, vsmartcard-vpcd, root: {lacking} is lacking")
    with PrivatePcscd() as pcscd, pcscd.joined():
        slot = WalkSlot(folder, pcscd.port)
        try:
            yield slot
        finally:
            slot.remove()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _ended(output: Output, seconds: float) -> str:
    return output.say(
        f"Selesai: semua langkah berhasil, {seconds:.1f} s.", f"Done: every step succeeded, {seconds:.1f} s."
    )


def _serve(output: Output, stage: Stage) -> None:
    latest = stage.folder.parent.parent / LATEST
    aside = stage.folder / LATEST
    aside.symlink_to(stage.folder)
    aside.replace(latest)  # at once: another walk may be doing the same
    # A checkout may lie below a folder with a blank in its name; what is shown is meant to be copied into a shell.
    here = f"KARTU_DATA_DIR={shlex.quote(str(latest))} KARTU_API_URL={stage.url}"
    words = output.say("Layanan berjalan di", "The service is running at")
    output.console.print(
        f"\n{words} {stage.url}  (Ctrl-C)\n"
        f"  1. {here} .venv/bin/kartu card verify\n"
        f"  2. {here} .venv/bin/kartu doctor\n"
        f"  3. {stage.url}/openapi.json",
        markup=False,
        style=None,
    )

    try:
        stage.wait()
    except KeyboardInterrupt:
        return
