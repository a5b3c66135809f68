# SPDX-License-Identifier: Apache-2.0
"""``kartu keys attest``: a signed statement of every key for an auditor, and whether such a statement holds."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody, store_arguments
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

AuditKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--audit-key",
        metavar="FINGERPRINT",
        help="With --verify: the audit key to trust, as the transcript of the ceremony shows it. Default: those of this machine.",
        show_default=False,
    ),
]

CHALLENGE_LENGTHS = range(16, 65)  # bytes

app = typer.Typer()


def _challenge(word: str) -> str:
    try:
        fits = not word or len(bytes.fromhex(word)) in CHALLENGE_LENGTHS
    except ValueError:
        fits = False
    if not fits:
        raise typer.BadParameter("16 to 64 bytes in hexadecimal digits")
    return word


@app.command()
def attest(
    file: Annotated[Path, typer.Argument(help="The new statement, or with --verify the one to look at.")],
    verify: Annotated[bool, typer.Option("--verify", help="Look whether the statement holds.")] = False,
    audit_key: AuditKeys = None,
    challenge: Annotated[
        str,
        typer.Option(
            metavar="HEX",
            callback=_challenge,
            help="16 to 64 bytes that an auditor chose: each signing key signs them. With --verify: the statement must answer them.",
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write what every key is - attributes, fingerprints, dates, back end, running code - at this time, signed by the audit key.

    Example: kartu keys attest keys-2026-11.json
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    if verify:
        show_verified(settings, output, file, audit_key or [], challenge)
        return
    made = ask_custody(
        settings, output, "attest", *store_arguments(settings), "--file", file.absolute(), *_said(challenge)
    )

    def people(console: Console) -> None:
        said = output.say("Pernyataan ditandatangani", "Statement signed")
        console.print(f"{said}: {made['file']} ({made['keys']} {output.say('kunci', 'keys')})", markup=False)

    output.show(made, people)


def _said(challenge: str) -> list[str]:
    return ["--challenge", challenge] if challenge else []


def show_verified(settings: Settings, output: Output, file: Path, audit_keys: list[str], challenge: str = "") -> None:
    """Say that a statement holds, and who signed it; raises StatementRefused."""
    trusted = (
        [word for key in audit_keys for word in ("--audit-key", key.lower())]
        if audit_keys
        else store_arguments(settings)
    )
    found = ask_custody(settings, output, "verify-statement", "--file", file.absolute(), *_said(challenge), *trusted)

    def people(console: Console) -> None:
        statement = found["statement"]
        console.print(
            f"{output.say('Pernyataan sah', 'The statement holds')}: {statement['kind']}, {statement['at']}",
            markup=False,
        )
        console.print(
            f"{output.say('Ditandatangani kunci audit', 'Signed by the audit key')} {found['signed_by']}", markup=False
        )
        if found["keys_proven"]:
            said = output.say("Kunci yang menandatangani tantangan", "Keys that signed the challenge")
            console.print(f"{said}: {found['keys_proven']}", markup=False)

    output.show(found, people)
