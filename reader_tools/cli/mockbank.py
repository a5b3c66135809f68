# SPDX-License-Identifier: Apache-2.0
"""``kartu mockbank``: be a bank, and drive the acceptance table of SNAP virtual accounts against a running service."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from rich.console import Console

from cardservice import clock
from cardservice.collection.bank_register import SignatureKind
from cardservice.collection.snap.signature import Encoding as SignatureEncoding
from cardservice.records.database import open_database
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.named_file import read_named
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.secret_file import new_file
from reader_tools.cli.settings import Settings
from reader_tools.desk.errors import ServiceUnreachable
from reader_tools.errors import FileUnreadable
from reader_tools.mockbank.acceptance import Acceptance, Holds, Row
from reader_tools.mockbank.bank_client import BankClient, BankIdentity, Send
from reader_tools.mockbank.database_holds import DatabaseHolds

KEY_BITS = 2048
MOST_FILE = 16 * 1024
PATIENCE_S = 45.0  # a service that waits for a row answers after 10 s

app = typer.Typer(no_args_is_help=True)


@app.callback()
def mockbank() -> None:
    """A bank of our own, for trying a service: never against a service with real members.

    Example: kartu mockbank key mock.pem
    """


@app.command()
def key(
    file: Annotated[
        Path, typer.Argument(help="The new private key file (mode 0600); the public key goes beside it, .pub.")
    ],
    as_json: AsJson = False,
) -> None:
    """Make a key pair for the mock bank. Its public key is registered by kartu collection bank add.

    Example: kartu mockbank key mock.pem
    """
    output = Output.of(Settings.load(), as_json=as_json)
    made = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    public = file.with_name(file.name + ".pub")
    with new_file(file) as private_file, new_file(public) as public_file:
        private_file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
        public_file.write(made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
    said = output.say("Kunci publik", "Public key")
    output.show({"key": file, "public_key": public}, lambda console: console.print(f"{said}: {public}", markup=False))


@app.command()
def run(
    partner_id: Annotated[str, typer.Option(help="X-PARTNER-ID.")],
    client_id: Annotated[str, typer.Option(help="X-CLIENT-KEY.")],
    key_file: Annotated[Path, typer.Option(help="The bank's private key, PEM.")],
    secret_file: Annotated[Path, typer.Option(help="The client secret.")],
    service_id: Annotated[str, typer.Option(help="The biller's partnerServiceId.")],
    number: Annotated[str, typer.Option(help="A member's payment number with something due; it will be paid.")],
    expired_number: Annotated[
        str | None, typer.Option(help="A payment number that has ended.", show_default=False)
    ] = None,
    url: Annotated[str | None, typer.Option(help="The service. Default: KARTU_API_URL.", show_default=False)] = None,
    channel_id: Annotated[str, typer.Option(help="CHANNEL-ID.")] = "95231",
    signature: Annotated[SignatureKind, typer.Option(help="How the bank signs.")] = SignatureKind.SYMMETRIC,
    encoding: Annotated[SignatureEncoding, typer.Option(help="How it writes signatures.")] = SignatureEncoding.BASE64,
    database: Annotated[
        str | None,
        typer.Option(
            help="The service's PostgreSQL, to hold what it waits for in the rows 'our timeout' and 'in progress'.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Drive the whole acceptance table, and print what was expected and what came.

    Exit codes: 0 every row that was tried is as written; 1 some are not; 4 the service does not answer.

    Example: kartu mockbank run --partner-id MOCK --client-id ... --key-file mock.pem --secret-file mock.secret --service-id 88899 --number 88...
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    identity = BankIdentity(
        partner_id,
        client_id,
        read_named(secret_file, MOST_FILE).decode("ascii", "replace").strip(),
        _private_key(key_file),
        service_id,
        channel_id,
        signature is SignatureKind.SYMMETRIC,
        encoding,
    )
    with httpx.Client(base_url=url or settings.api_url, timeout=PATIENCE_S, trust_env=False) as client:
        bank = BankClient(identity, _sender(client), clock.now, lambda: str(secrets.randbelow(10**18)))
        with _holds(database, partner_id, number) as holds:
            trying = Acceptance(bank, number, lambda: secrets.token_hex(12), expired_number, holds)
            rows = list(trying.rows())
    differing = [row for row in rows if not row.passed and not row.untried]
    untried = sum(1 for row in rows if row.untried)
    document = {
        "rows": [_document(row) for row in rows],
        "passed": len(rows) - len(differing) - untried,
        "differing": len(differing),
        "untried": untried,
    }
    output.show(document, lambda console: _tell(output, console, rows, document))
    raise typer.Exit(ExitCode.REFUSED if differing else ExitCode.OK)


def _sender(client: httpx.Client) -> Send:
    def send(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            answer = client.post(path, headers=dict(headers), content=body)
        except httpx.HTTPError:
            raise ServiceUnreachable(url=str(client.base_url)) from None
        return answer.status_code, answer.content

    return send


@contextmanager
def _holds(url: str | None, partner_id: str, number: str) -> Iterator[Holds | None]:
    """None on SQLite too: it has one writer at a time, for whom all wait."""
    opened = None if url is None else open_database(url)
    try:
        is_shared = opened is not None and opened.engine.dialect.name == "postgresql"
        yield DatabaseHolds(opened, partner_id, number, clock.now) if is_shared and opened is not None else None
    finally:
        if opened is not None:
            opened.close()


def _private_key(path: Path) -> rsa.RSAPrivateKey:
    try:
        made = load_pem_private_key(read_named(path, MOST_FILE), None)
    except (ValueError, TypeError):
        made = None
    if not isinstance(made, rsa.RSAPrivateKey):
        raise FileUnreadable(path=str(path), rule="an RSA private key, PEM, without passphrase")
    return made


def _document(row: Row) -> dict[str, object]:
    return {
        "case": row.case,
        "service": row.service,
        "expected": row.expected,
        "got": row.got,
        "passed": row.passed,
        "untried": row.untried or None,
    }


def _tell(output: Output, console: Console, rows: list[Row], document: Mapping[str, object]) -> None:
    heads = (
        "",
        output.say("Layanan", "Service"),
        output.say("Kasus", "Case"),
        output.say("Diharapkan", "Expected"),
        output.say("Didapat", "Got"),
    )
    told = [
        (
            "-" if row.untried else "ok" if row.passed else "X",
            row.service,
            row.case,
            row.untried or " ".join(row.expected or ()),
            "" if row.passed or row.untried else " ".join(row.got or ()),
        )
        for row in rows
    ]
    console.print(output.table(heads, told), markup=False)
    counted = output.say(
        f"{document['passed']} sesuai, {document['differing']} berbeda, {document['untried']} tidak dicoba",
        f"{document['passed']} as written, {document['differing']} differ, {document['untried']} not tried",
    )
    console.print(counted, markup=False)
