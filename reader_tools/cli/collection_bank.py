# SPDX-License-Identifier: Apache-2.0
"""``kartu collection bank``: banks that call us over SNAP BI, and what is agreed with each."""

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection import bank_register
from cardservice.collection.bank_register import CLIENT_OCTETS, SECRET_OCTETS, BankSettings, SignatureKind
from cardservice.collection.bill_type import BillType
from cardservice.collection.snap.signature import Encoding
from cardservice.records import banks
from cardservice.records.banks import Bank
from reader_tools.cli.bureau import open_records
from reader_tools.cli.in_force import in_force
from reader_tools.cli.key_caller import key_process
from reader_tools.cli.named_file import read_named
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.secret_file import SecretFile, secret_place
from reader_tools.cli.settings import Settings

MOST_KEY = 16 * 1024  # octets of a PEM file

app = typer.Typer(no_args_is_help=True)


@app.callback()
def bank() -> None:
    """Banks that collect contributions over SNAP virtual accounts.

    Example: kartu collection bank list
    """


@app.command()
def add(
    partner_id: Annotated[str, typer.Argument(help="What the bank will send as X-PARTNER-ID.")],
    name: Annotated[str, typer.Option(help="The bank's name.")],
    public_key: Annotated[Path, typer.Option(help="The bank's public key: RSA, at least 2048 bits, PEM.")],
    service_id: Annotated[str, typer.Option(help="Our partnerServiceId at the bank: 1 to 8 digits.")],
    signature: Annotated[SignatureKind, typer.Option(help="How it signs requests.")] = SignatureKind.SYMMETRIC,
    encoding: Annotated[Encoding, typer.Option(help="How it writes signatures.")] = Encoding.BASE64,
    channel_id: Annotated[
        str | None, typer.Option(help="Its CHANNEL-ID, where it has only one.", show_default=False)
    ] = None,
    bill_type: Annotated[
        BillType,
        typer.Option(help="virtualAccountTrxType: C exactly the bill; I, L, X up to it; M, N at least a month; O any."),
    ] = BillType.MINIMUM_ONCE,
    most_bills: Annotated[int, typer.Option(help="billDetails that it shows, at most 24.")] = 5,
    most_name: Annotated[int, typer.Option(help="Letters of a name that it shows.")] = 30,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Take a bank in, and give it its client identifier and client secret: the secret is shown this once.

    Example: kartu collection bank add BCA --name "Bank Central Asia" --public-key bca.pem --service-id 88899 --secret-file bca.secret
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    agreed = BankSettings(service_id, signature, encoding, channel_id, bill_type, most_bills, most_name)
    with open_records(settings) as database, key_process(settings) as keys, secret_place(secret_file) as place:
        registered = bank_register.prepare_bank(
            partner_id=partner_id,
            name=name,
            public_key_pem=read_named(public_key, MOST_KEY),
            settings=agreed,
            random_octets=secrets.token_bytes(SECRET_OCTETS + CLIENT_OCTETS),
            sealer=keys.sealer,
            at=clock.now(),
        )
        with database.begin() as connection:
            bank_register.register_bank(connection, registered)
            place.keep(registered.secret)
    document = _document(registered.bank) | place.document(registered.secret)

    def people(console: Console) -> None:
        said = output.say("Bank terdaftar", "Bank registered")
        console.print(f"{said}: {partner_id}, client id {registered.bank.client_id}", markup=False)
        place.tell(output, console, registered.secret)

    output.show(document, people)


@app.command("list")
def list_banks(as_json: AsJson = False) -> None:
    """List every bank, revoked ones too.

    Example: kartu collection bank list
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        found = banks.every(connection)

    def people(console: Console) -> None:
        heads = (
            "X-PARTNER-ID",
            output.say("Nama", "Name"),
            "partnerServiceId",
            output.say("Tanda tangan", "Signature"),
            output.say("Berlaku", "In force"),
        )
        rows = [
            (row.partner_id, row.name, row.service_id.strip(), row.signature, in_force(output, row.revoked_at))
            for row in found
        ]
        console.print(output.table(heads, rows), markup=False)

    output.show({"banks": [_document(row) for row in found]}, people)


@app.command()
def revoke(
    partner_id: Annotated[str, typer.Argument(help="The bank's X-PARTNER-ID.")],
    as_json: AsJson = False,
) -> None:
    """Let a bank go: from now on it is an unknown client.

    Example: kartu collection bank revoke BCA
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        bank_register.revoke_bank(connection, partner_id, clock.now())
        revoked = banks.find(connection, partner_id)
    assert revoked is not None
    said = output.say("Bank dicabut", "Bank revoked")
    output.show(_document(revoked), lambda console: console.print(f"{said}: {revoked.name}", markup=False))


def _document(row: Bank) -> dict[str, object]:
    hidden = {"secret_sealed", "public_key"}
    return {name: getattr(row, name) for name in Bank.__slots__ if name not in hidden}
