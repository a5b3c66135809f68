# SPDX-License-Identifier: Apache-2.0
"""``kartu agent receipt`` and ``check-receipt``: a receipt as a signed document, and the check of one without network or database."""

from pathlib import Path
from typing import Annotated

import typer

from cardservice import clock
from cardservice.collection.cash.signed import signed_receipt
from cardservice.credentials import cash_receipt, jwks
from cardservice.credentials.cash_receipt import ReceiptDocument, ReceiptKind
from cardservice.credentials.errors import TokenRefused
from cardservice.keys import Purpose
from reader_tools.cli.bureau import open_records
from reader_tools.cli.desk_memory import seen_of
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.key_caller import key_process
from reader_tools.cli.named_file import read_named
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

MOST_OCTETS = 64 * 1024


def receipt(
    code: Annotated[str, typer.Argument(help="The agent's code, such as AGEN-7.")],
    number: Annotated[int, typer.Option(min=1, help="The receipt's number.")],
    void: Annotated[bool, typer.Option("--void", help="The notice that this receipt is void.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a receipt as a signed document (a compact JWS, for a QR code), or the notice that it is void. Needs the key process the first time.

    Example: kartu agent receipt AGEN-7 --number 1 > receipt.jws
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    kind = ReceiptKind.VOID if void else ReceiptKind.RECEIPT
    with open_records(settings) as database, key_process(settings) as keys:
        document = signed_receipt(
            database,
            lambda: keys.signer(Purpose.RECEIPT),
            code,
            number,
            kind,
            issuer=settings.issuer,
            at=clock.now(),
        )
    output.show(
        {"code": code, "number": number, "kind": kind, "document": document},
        lambda console: console.out(document, highlight=False),
    )


def check_receipt(
    file: Annotated[Path, typer.Argument(help="The signed document, as it was in the QR code.")],
    keys: Annotated[Path, typer.Option(help="The published receipt keys: receipt-keys.json.")],
    as_json: AsJson = False,
) -> None:
    """Check a signed receipt, or the notice of a void one, off line. Exit code 1 where it is not genuine.

    A genuine receipt may have become void since: then its agent has the notice, and the books say so.

    Example: kartu agent check-receipt receipt.jws --keys receipt-keys.json
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    withdrawals = seen_of(settings).recall()
    withdrawn = frozenset[str]() if withdrawals is None else withdrawals.keys
    known = [key for key in jwks.decode(read_named(keys, MOST_OCTETS)) if key.kid not in withdrawn]
    text = read_named(file, MOST_OCTETS).decode("ascii", "replace").strip()
    try:
        found = cash_receipt.verify(text, keys=known)
    except TokenRefused as doubt:
        said = output.say("tidak asli", "not genuine")
        output.show({"genuine": False, "doubt": doubt.code}, lambda console: console.print(said, markup=False))
        raise typer.Exit(ExitCode.REFUSED) from None
    output.show(_document(found), lambda console: console.print(_said(output, found), markup=False))


def _document(found: ReceiptDocument) -> dict[str, object]:
    return {
        "genuine": True,
        "kind": found.kind,
        "issuer": found.issuer,
        "agent": found.agent,
        "number": found.number,
        "member": found.member,
        "rupiah": found.rupiah,
        "taken_at": found.taken_at,
        "voided_at": found.voided_at,
    }


def _said(output: Output, found: ReceiptDocument) -> str:
    what = f"{found.agent} {found.number}, {found.member}, Rp{found.rupiah:,}, {found.taken_at:%Y-%m-%d}"
    if found.kind is ReceiptKind.VOID:
        return output.say(f"asli: pemberitahuan batal {what}", f"genuine: notice that {what} is void")
    return output.say(f"asli: kuitansi {what}", f"genuine: receipt {what}")
