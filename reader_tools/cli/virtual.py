# SPDX-License-Identifier: Apache-2.0
"""``kartu card virtual``: put a virtual card into the virtual reader (or into pcscd), take it out, tear it."""

from pathlib import Path
from typing import Annotated

import typer

from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear, TearMode
from applets.virtual.vpcd import FIRST_SLOT
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.errors import VirtualSlotOccupied
from reader_tools.virtual.card_stock import new_blank_card, new_clone
from reader_tools.virtual.pcsc_slot import READER as PCSC_READER
from reader_tools.virtual.pcsc_slot import PcscSlot
from reader_tools.virtual.slot import READER, Inserted, Slot

app = typer.Typer(
    no_args_is_help=True,
    help="The virtual card: a complete card in software, for demonstrations and drills.\n\nExample: kartu card virtual insert",
)

InPcsc = Annotated[
    bool,
    typer.Option(
        "--pcsc", help="Use the machine's own reader service (pcscd with vpcd) instead of the virtual reader."
    ),
]
Port = Annotated[int, typer.Option(help="Where vpcd listens, with --pcsc.")]


@app.command()
def insert(
    image: Annotated[Path | None, typer.Argument(help="Image of a card to insert. Default: a new blank card.")] = None,
    clone_of: Annotated[Path | None, typer.Option(help="Insert a thief's copy of this image instead.")] = None,
    contactless: Annotated[bool, typer.Option("--contactless", help="Reach the card through the air.")] = False,
    pcsc: InPcsc = False,
    port: Port = FIRST_SLOT,
    as_json: AsJson = False,
) -> None:
    """Put a card into the virtual reader: a new blank one, or one from an image file.

    Example: kartu card virtual insert --pcsc
    """
    if image and clone_of:
        raise typer.BadParameter("give an image or --clone-of, not both")
    settings = Settings.load()
    slot, pcsc_slot = Slot.of(settings.data_dir), PcscSlot.of(settings.data_dir, port)
    present = pcsc_slot.process if pcsc else slot.inserted
    if present is not None:
        raise VirtualSlotOccupied(image=present.image)
    chosen = image or (new_clone(slot, clone_of) if clone_of else new_blank_card(slot))
    interface = Interface.CONTACTLESS if contactless else Interface.CONTACT
    document: dict[str, object] = {"reader": PCSC_READER if pcsc else READER, "interface": interface}
    if pcsc:
        process = pcsc_slot.insert(chosen, interface)
        document |= {"image": process.image, "pid": process.pid, "port": process.port}
    else:
        document |= {"image": slot.insert(chosen, interface).image}
    _say(Output.of(settings, as_json=as_json), document, "Kartu dimasukkan", "Card inserted")


@app.command()
def remove(
    pcsc: InPcsc = False,
    as_json: AsJson = False,
) -> None:
    """Take the card out; its image stays and can be inserted again.

    Example: kartu card virtual remove
    """
    settings = Settings.load()
    taken = (PcscSlot if pcsc else Slot).of(settings.data_dir).remove()
    _say(Output.of(settings, as_json=as_json), _document(taken, pcsc=pcsc), "Kartu dikeluarkan", "Card removed")


@app.command()
def tear(
    before: Annotated[
        int | None, typer.Option(min=1, help="Pull the card before it executes the n-th APDU from now.")
    ] = None,
    after: Annotated[
        int | None, typer.Option(min=1, help="Pull it after executing the n-th, before it answers.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Disarm.")] = False,
    pcsc: InPcsc = False,
    as_json: AsJson = False,
) -> None:
    """Arm a drill: the card is pulled at the n-th APDU from now, once, and put back at once.

    Example: kartu card virtual tear --after 12
    """
    if sum((before is not None, after is not None, off)) != 1:
        raise typer.BadParameter("give exactly one of --before, --after, --off")
    settings = Settings.load()
    drill = None if off else Tear(TearMode.BEFORE if before else TearMode.AFTER, before or after or 1)
    armed = (PcscSlot if pcsc else Slot).of(settings.data_dir).arm(drill)
    document = _document(armed, pcsc=pcsc) | {"tear": f"{drill.mode} {drill.at}" if drill else "off"}
    _say(Output.of(settings, as_json=as_json), document, "Uji cabut diatur", "Tearing drill set")


def _document(inserted: Inserted, *, pcsc: bool) -> dict[str, object]:
    return {
        "reader": PCSC_READER if pcsc else READER,
        "image": inserted.image,
        "interface": inserted.interface,
    }


def _say(output: Output, document: dict[str, object], indonesian: str, english: str) -> None:
    details = ", ".join(
        f"{name} {value}" for name, value in document.items() if name in {"reader", "image", "tear", "pid"}
    )
    output.show(document, lambda console: console.print(f"{output.say(indonesian, english)}: {details}", markup=False))
