# SPDX-License-Identifier: Apache-2.0
"""``kartu card info``: what the card in the reader says of itself, and what our books say of it."""

import typer
from rich.console import Console

from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.read_card import CardReading, PivReading, read_card
from cardservice.card_edge.sector.aid import sector_kind
from cardservice.errors import KartuError
from cardservice.partnership.sectors import SECTORS
from cardservice.records import cards
from cardservice.records.card_state import CardState
from cardservice.records.cards import Card
from reader_tools.cli.bureau import open_records
from reader_tools.cli.contact import Renew, Renewal, Renewed, contact
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.reader import ReaderName
from reader_tools.cli.settings import Settings
from reader_tools.cli.step_list import StepList

app = typer.Typer()


@app.command()
def info(reader: ReaderName = None, renew: Renew = True, as_json: AsJson = False) -> None:
    """Say what the card in the reader is: chip, key sets, PIV identifier, PIN tries, sectors; and its state in our books, if they can be asked.

    Needs no key and no PIN. What a card says of itself proves nothing: see kartu card verify. A live card whose cover proofs are older than
    our books gets new ones; with --no-renew nothing is changed.

    Example: kartu card info --reader pcsc
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    steps = StepList(output)
    given_out = sorted(number for numbers in SECTORS.values() for number in numbers)
    with contact(settings, reader, renew=renew) as held:
        name, atr = held.card.reader, held.card.atr
        with steps:
            reading = run(read_card(given_out), held.card, on_script=steps.sending)
        books, trouble = _books(settings, reading.chip_serial)
        renewed = held.renew() if books is not None and books.state is CardState.ACTIVE else Renewed(Renewal.NO_CARD)
    document = {
        "reader": name,
        "atr": atr,
        "chip_serial": reading.chip_serial,
        "blank": reading.blank,
        "key_versions": [f"{version:02X}" for version in sorted(reading.key_versions)],
        "piv": _piv(reading.piv),
        "sectors": [
            {"sector": number, "kind": sector_kind(number), "cover_proof": bool(proof), "cover_proof_bytes": len(proof)}
            for number, proof in reading.sectors.items()
        ],
        "books": _row(books),
        "books_trouble": trouble,
        "cover_proofs": renewed.document,
        "scripts": steps.documents,
    }

    def people(console: Console) -> None:
        _tell(output, console, reading, books, trouble)
        renewed.tell(output, console)

    output.show(document, people)


def _books(settings: Settings, chip_serial: str | None) -> tuple[Card | None, str | None]:
    """Our row, or the code of what keeps us from it: a desk has no database, and that is no failure here."""
    if chip_serial is None:
        return None, None
    try:
        with open_records(settings) as database, database.read() as connection:
            return cards.find_by_chip_serial(connection, chip_serial), None
    except KartuError as unreachable:
        return None, unreachable.code


def _piv(piv: PivReading | None) -> dict[str, object] | None:
    if piv is None:
        return None
    return {
        "guid": piv.chuid.guid if piv.chuid else None,
        "expires": piv.chuid.expires if piv.chuid else None,
        "pin_tries": piv.pin.attempts_remaining if piv.pin else None,
    }


def _row(card: Card | None) -> dict[str, object] | None:
    if card is None:
        return None
    return {"state": card.state, "location": card.location, "card_id": card.card_id, "order_id": card.order_id}


def _tell(output: Output, console: Console, reading: CardReading, books: Card | None, trouble: str | None) -> None:
    none = output.say("tidak ada", "none")
    versions = ", ".join(f"{version:02X}" for version in sorted(reading.key_versions)) or none
    if reading.blank:
        versions += f" ({output.say('kartu kosong', 'blank card')})"
    lines = [
        (output.say("Cip", "Chip"), reading.chip_serial or none),
        (output.say("Set kunci", "Key sets"), versions),
        ("PIV", _piv_line(output, reading.piv) or none),
        (output.say("Sektor", "Sectors"), _sectors_line(output, reading) or none),
        (output.say("Pembukuan", "Our books"), _books_line(output, books, trouble)),
    ]
    for name, value in lines:
        console.print(f"{name:10} {value}", markup=False)


def _piv_line(output: Output, piv: PivReading | None) -> str:
    if piv is None:
        return ""
    parts = [output.say("tanpa CHUID", "no CHUID")]
    if piv.chuid is not None:
        until = output.say("berlaku sampai", "expires")
        parts = [f"GUID {piv.chuid.guid.hex().upper()}", f"{until} {piv.chuid.expires.isoformat()}"]
    if piv.pin is not None and piv.pin.attempts_remaining is not None:
        parts.append(f"{output.say('sisa percobaan PIN', 'PIN tries left')} {piv.pin.attempts_remaining}")
    return ", ".join(parts)


def _sectors_line(output: Output, reading: CardReading) -> str:
    without = output.say("tanpa bukti", "no cover proof")
    return ", ".join(
        f"{number:02X} {sector_kind(number) or ''}".strip() + ("" if proof else f" ({without})")
        for number, proof in reading.sectors.items()
    )


def _books_line(output: Output, books: Card | None, trouble: str | None) -> str:
    if trouble is not None:
        return f"{output.say('tidak terjangkau', 'not reachable')} ({trouble})"
    if books is None:
        return output.say("kartu ini tidak dikenal", "this card is not known")
    order = "" if books.order_id is None else f", {output.say('pesanan', 'order')} {books.order_id}"
    return f"{books.state.value}, {books.location}{order}"
