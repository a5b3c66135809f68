# SPDX-License-Identifier: Apache-2.0
"""``kartu verifier``: who may ask whether a holder is covered, and with which secret."""

import secrets
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.partnership import register as partnership
from cardservice.partnership.sectors import SECTORS
from cardservice.partnership.verifier_secret import SECRET_OCTETS
from cardservice.records import verifiers
from cardservice.records.verifiers import Verifier, VerifierKind
from reader_tools.cli.bureau import open_records
from reader_tools.cli.in_force import in_force
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.secret_file import SecretFile, secret_place
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


class Kind(StrEnum):
    """Kinds of verifier as a person types them."""

    CLINIC = "clinic"
    TRANSPORT = "transport"
    MERCHANT = "merchant"
    BANK = "bank"
    TELCO = "telco"
    COUNTER = "counter"


KINDS = {
    Kind.CLINIC: VerifierKind.HEALTH_FACILITY,
    Kind.TRANSPORT: VerifierKind.TRANSPORT,
    Kind.MERCHANT: VerifierKind.MERCHANT,
    Kind.BANK: VerifierKind.BANK,
    Kind.TELCO: VerifierKind.TELCO,
    Kind.COUNTER: VerifierKind.COUNTER,
}
TYPED = {kind: typed for typed, kind in KINDS.items()}


@app.callback()
def verifier() -> None:
    """Verifiers: clinics, carriers, merchants, banks, operators and counters that may ask about a card.

    Example: kartu verifier list
    """


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The verifier's name.")],
    kind: Annotated[Kind, typer.Option(case_sensitive=False, help="What it is.")],
    sector: Annotated[
        str | None,
        typer.Option(
            help="The sector of a card that it sees: two hexadecimal digits, as on the card. Needed where a kind has several.",
            show_default=False,
        ),
    ] = None,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Take a verifier in, and give it its secret: shown this once, and kept by nobody here.

    Example: kartu verifier add "Klinik Sehat" --kind clinic --sector 1 --secret-file clinic.secret
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    wanted = _sector(KINDS[kind], sector)
    with open_records(settings) as database, secret_place(secret_file) as place, database.begin() as connection:
        registered = partnership.register(
            connection,
            verifier_id=secrets.token_hex(16),
            name=name,
            kind=KINDS[kind],
            sector=wanted,
            random_octets=secrets.token_bytes(SECRET_OCTETS),
            at=clock.now(),
        )
        place.keep(registered.secret)
    document = _document(registered.verifier) | place.document(registered.secret)

    def people(console: Console) -> None:
        said = output.say("Verifikator terdaftar", "Verifier registered")
        console.print(f"{said}: {registered.verifier.name}, {registered.verifier.verifier_id}", markup=False)
        place.tell(output, console, registered.secret)
        if secret_file is not None:
            console.print(f"-> kartu card verify --secret-file {secret_file}", markup=False)

    output.show(document, people)


@app.command("list")
def list_verifiers(as_json: AsJson = False) -> None:
    """List every verifier, revoked ones too.

    Example: kartu verifier list
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        found = verifiers.every(connection)

    def people(console: Console) -> None:
        heads = (
            "Id",
            output.say("Nama", "Name"),
            output.say("Jenis", "Kind"),
            output.say("Sektor", "Sector"),
            output.say("Berlaku", "In force"),
        )
        rows = [
            (row.verifier_id, row.name, TYPED[row.kind].value, f"{row.sector:02X}", in_force(output, row.revoked_at))
            for row in found
        ]
        console.print(output.table(heads, rows), markup=False)

    output.show({"verifiers": [_document(row) for row in found]}, people)


@app.command()
def revoke(
    verifier_id: Annotated[str, typer.Argument(help="The verifier, as kartu verifier list shows it.")],
    as_json: AsJson = False,
) -> None:
    """Let a verifier go: from now on its secret is unknown.

    Example: kartu verifier revoke 0123456789abcdef0123456789abcdef
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database:
        with database.begin() as connection:
            partnership.revoke(connection, verifier_id, clock.now())
        with database.read() as connection:
            revoked = verifiers.get(connection, verifier_id)
    said = output.say("Verifikator dicabut", "Verifier revoked")
    output.show(_document(revoked), lambda console: console.print(f"{said}: {revoked.name}", markup=False))


def _sector(kind: VerifierKind, typed: str | None) -> int:
    """The number behind two hexadecimal digits; a kind with one sector needs none. Whether it fits the kind is for partnership to say."""
    if typed is None:
        own = SECTORS[kind]
        if len(own) > 1:
            raise typer.BadParameter(f"--sector {own[0]:02X} to {own[-1]:02X}")
        return own[0]
    try:
        number = int(typed.lower().removeprefix("0x"), 16) if typed.isascii() and typed.isalnum() else 0
    except ValueError:
        number = 0
    if not 0x01 <= number <= 0xFF:
        raise typer.BadParameter("--sector: two hexadecimal digits, 01 to FF")
    return number


def _document(row: Verifier) -> dict[str, object]:
    return {
        "verifier_id": row.verifier_id,
        "name": row.name,
        "kind": row.kind,
        "sector": row.sector,
        "created_at": row.created_at,
        "revoked_at": row.revoked_at,
    }
