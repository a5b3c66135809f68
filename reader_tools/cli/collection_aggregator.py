# SPDX-License-Identifier: Apache-2.0
"""``kartu collection aggregator``: PPOB aggregators that collect at shops and in apps."""

import secrets
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection.bill_type import BillType
from cardservice.collection.ppob.register import SECRET_OCTETS, register_aggregator, revoke_aggregator
from cardservice.records import ppob_partners
from cardservice.records.ppob_partners import PpobPartner
from reader_tools.cli.bureau import open_records
from reader_tools.cli.in_force import in_force
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.secret_file import SecretFile, secret_place
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def aggregator() -> None:
    """PPOB aggregators: switches whose tills collect contributions over JSON.

    Example: kartu collection aggregator list
    """


@app.command()
def add(
    partner_id: Annotated[str, typer.Argument(help="A short name: letters, digits, dots, hyphens.")],
    name: Annotated[str, typer.Option(help="The aggregator's name.")],
    bill_type: Annotated[
        BillType, typer.Option(help="C exactly the bill; I, L, X up to it; M, N at least a month; O any.")
    ] = BillType.MINIMUM_ONCE,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Take an aggregator in, and give it its secret: shown this once, and kept by nobody here.

    Example: kartu collection aggregator add switch-1 --name "Switch Satu" --secret-file switch-1.secret
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, secret_place(secret_file) as place, database.begin() as connection:
        registered = register_aggregator(
            connection,
            partner_id=partner_id,
            name=name,
            bill_type=bill_type,
            random_octets=secrets.token_bytes(SECRET_OCTETS),
            at=clock.now(),
        )
        place.keep(registered.secret)
    document = _document(registered.partner) | place.document(registered.secret)

    def people(console: Console) -> None:
        console.print(f"{output.say('Agregator terdaftar', 'Aggregator registered')}: {partner_id}", markup=False)
        place.tell(output, console, registered.secret)

    output.show(document, people)


@app.command("list")
def list_aggregators(as_json: AsJson = False) -> None:
    """List every aggregator, revoked ones too.

    Example: kartu collection aggregator list
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        found = ppob_partners.every(connection)

    def people(console: Console) -> None:
        heads = (
            "Id",
            output.say("Nama", "Name"),
            output.say("Jenis tagihan", "Bill"),
            output.say("Berlaku", "In force"),
        )
        rows = [(row.partner_id, row.name, row.bill_type, in_force(output, row.revoked_at)) for row in found]
        console.print(output.table(heads, rows), markup=False)

    output.show({"aggregators": [_document(row) for row in found]}, people)


@app.command()
def revoke(
    partner_id: Annotated[str, typer.Argument(help="The aggregator.")],
    as_json: AsJson = False,
) -> None:
    """Let an aggregator go: from now on its secret is unknown.

    Example: kartu collection aggregator revoke switch-1
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        revoke_aggregator(connection, partner_id, clock.now())
    said = output.say("Agregator dicabut", "Aggregator revoked")
    output.show(
        {"partner_id": partner_id, "revoked": True},
        lambda console: console.print(f"{said}: {partner_id}", markup=False),
    )


def _document(row: PpobPartner) -> dict[str, object]:
    return {name: getattr(row, name) for name in PpobPartner.__slots__ if name != "secret_sha256"}
