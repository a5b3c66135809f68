# SPDX-License-Identifier: Apache-2.0
"""``kartu reader``: list, watch and test card readers."""

from typing import Annotated

import typer
from rich.console import Console

from cardservice.clock import monotonic, now
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.pcsc.readers import CardPresence, Reader
from reader_tools.pcsc.watch import Event, watch
from reader_tools.reader import all_readers, open_card

app = typer.Typer(
    no_args_is_help=True, help="Card readers: list them, watch them, test one.\n\nExample: kartu reader list"
)

ReaderName = Annotated[
    str | None,
    typer.Option(
        "--reader",
        help="Reader to use: virtual, pcsc (any PC/SC reader), or a reader's name or its beginning. Default: KARTU_READER.",
        show_default=False,
    ),
]
PRESENCE = {
    CardPresence.EMPTY: ("kosong", "empty"),
    CardPresence.PRESENT: ("ada kartu", "card present"),
    CardPresence.BUSY: ("kartu dipakai program lain", "card in use by another program"),
    CardPresence.MUTE: ("kartu bisu", "mute card"),
    CardPresence.UNAVAILABLE: ("tidak tersedia", "unavailable"),
}


@app.command("list")
def list_readers(as_json: AsJson = False) -> None:
    """List the virtual reader and every PC/SC reader, with what is in it.

    Example: kartu reader list --json
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    readers, trouble = all_readers(settings.data_dir)
    document = {"readers": [_document(reader) for reader in readers], "pcsc": trouble.code if trouble else "ok"}

    def people(console: Console) -> None:
        heads = output.say("Pembaca", "Reader"), output.say("Kartu", "Card"), "ATR"
        rows = [(reader.name, output.say(*PRESENCE[reader.card]), reader.atr.hex().upper()) for reader in readers]
        console.print(output.table(heads, rows))
        if trouble:
            console.print(output.say("PC/SC tidak terpakai:", "PC/SC is not in use:"), trouble.code, "(kartu doctor)")

    output.show(document, people)


@app.command("watch")
def watch_readers(
    as_json: AsJson = False,
    seconds: Annotated[float | None, typer.Option(help="Stop after so many seconds. Default: until Ctrl-C.")] = None,
) -> None:
    """Tell what happens at the PC/SC readers, as it happens; with --json one document per line.

    The reader service may stop and start meanwhile.

    Example: kartu reader watch --seconds 30
    """
    output = Output.of(Settings.load(), as_json=as_json)
    end = None if seconds is None else monotonic() + seconds
    for event in watch(stopped=lambda: end is not None and monotonic() > end):
        output.event({"at": now(), "event": event.happening} | _of(event), _line(output, event))


@app.command("test")
def probe_reader(reader: ReaderName = None, as_json: AsJson = False) -> None:
    """Open the card in one reader, ask it one harmless question, and time the answer.

    Example: kartu reader test --reader pcsc
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    began = monotonic()
    with open_card(reader or settings.reader, settings.data_dir) as card:
        opened = monotonic()
        answer = card.transmit(bytes.fromhex("80CA9F7F00"))  # GET DATA, CPLC (GP H.6); any status word is an answer
        answered = monotonic()
    document = {
        "reader": card.reader,
        "atr": card.atr,
        "sw": answer[-2:],
        "open_ms": round((opened - began) * 1000, 1),
        "apdu_ms": round((answered - opened) * 1000, 2),
    }

    def people(console: Console) -> None:
        console.print(output.say("Kartu menjawab.", "The card answers."))
        for name, value in document.items():
            console.print(f"  {name:8} {value.hex().upper() if isinstance(value, bytes) else value}")

    output.show(document, people)


def _document(reader: Reader) -> dict[str, object]:
    return {"name": reader.name, "card": reader.card, "atr": reader.atr}


def _of(event: Event) -> dict[str, object]:
    return {"reader": _document(event.reader)} if event.reader else {}


def _line(output: Output, event: Event) -> str:
    at = now().astimezone().strftime("%H:%M:%S")
    if event.reader is None:
        return f"{at}  {event.happening}"
    return f"{at}  {event.happening:12}  {event.reader.name}: {output.say(*PRESENCE[event.reader.card])}"
