# SPDX-License-Identifier: Apache-2.0
"""``kartu desk``: what this desk holds for the hours when the line is down, and how fresh it is."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.credentials.ca_withdrawals import CaWithdrawals
from reader_tools.cli.desk_memory import key_cache, key_folder, seen_of, withdrawals_document
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.desk.http_client import Service
from reader_tools.desk.published_folder import fetch_published

app = typer.Typer(no_args_is_help=True)

_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{64}")


@app.callback()
def desk() -> None:
    """What this desk holds of the scheme: key sets, card CA certificates, the list of withdrawals.

    Example: kartu desk refresh
    """


@app.command()
def refresh(
    audit_key: Annotated[
        str | None,
        typer.Option(
            "--audit-key",
            metavar="FINGERPRINT",
            help="Believe the audit key of this SHA-256, as the scheme told it another way: the first time, or after it was replaced at once.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch from the service what is needed with the line down: once a day is enough. What does not come, or is refused, leaves what is here.

    A list of withdrawals that is older than one this desk has seen, or that no audit key signed which the list before named, is refused.

    Example: kartu desk refresh --audit-key 5f0c...
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    if audit_key is not None and not _FINGERPRINT.fullmatch(audit_key):
        raise typer.BadParameter("--audit-key is 64 hexadecimal digits")
    service = Service(settings.api_url, "", settings.language)
    taken = fetch_published(service, key_folder(settings), seen_of(settings), clock.now, audit_key)
    # With what the list says of withdrawn keys, whichever key sets come.
    cache = key_cache(settings)
    cache.refresh(service)
    _tell(output, settings, taken.withdrawals, first=taken.first)


@app.command()
def show(as_json: AsJson = False) -> None:
    """Say what this desk holds and until when it is believed.

    Example: kartu desk show
    """
    settings = Settings.load()
    _tell(Output.of(settings, as_json=as_json), settings, seen_of(settings).recall(), first=False)


def _tell(output: Output, settings: Settings, withdrawals: CaWithdrawals | None, *, first: bool) -> None:
    now, cache = clock.now(), key_cache(settings)
    fetched_at = cache.fetched_at()
    keys = [] if fetched_at is None else cache.cover_proof_keys()
    listed = withdrawals_document(withdrawals, now)
    document: dict[str, object] = {
        "scheme": settings.issuer,
        "cover_proof_keys": len(keys),
        "keys_fetched_at": fetched_at,
        "withdrawals": listed,
        "withdrawn_certificates": 0 if withdrawals is None else len(withdrawals.by_key),
        "withdrawn_keys": 0 if withdrawals is None else len(withdrawals.keys),
        "first": first,
    }
    output.show(document, _words(output, withdrawals, len(keys), fetched_at, fresh=bool(listed["fresh"]), first=first))


def _words(
    output: Output,
    withdrawals: CaWithdrawals | None,
    keys: int,
    fetched_at: datetime | None,
    *,
    fresh: bool,
    first: bool,
) -> Callable[[Console], None]:
    def people(console: Console) -> None:
        when = "-" if fetched_at is None else f"{fetched_at:%Y-%m-%d %H:%M}"
        console.print(f"{output.say('kunci bukti perlindungan', 'cover proof keys')}: {keys}, {when}", markup=False)
        if withdrawals is None:
            console.print(output.say("daftar pencabutan: tidak ada", "list of withdrawals: none"), markup=False)
            return
        named = output.say("daftar pencabutan", "list of withdrawals")
        counted = output.say("sertifikat dan kunci dicabut", "certificates and keys withdrawn")
        gone = len(withdrawals.by_key) + len(withdrawals.keys)
        console.print(
            f"{named} {withdrawals.number}, {withdrawals.stated_at:%Y-%m-%d %H:%M}: {gone} {counted}", markup=False
        )
        if not fresh:
            console.print(
                output.say(
                    "PERHATIAN: daftar itu lebih tua dari 35 hari dan tidak lagi dipercaya.",
                    "WARNING: that list is older than 35 days and believed no more.",
                ),
                style="bold yellow",
            )
        if first:
            console.print(
                output.say(
                    "Loket ini belum pernah melihat daftar sebelumnya: apakah daftar ini yang terbaru tidak dapat dikatakan.",
                    "This desk remembers no list before: it can't tell whether this one is the newest.",
                ),
                style="bold yellow",
            )

    return people
