# SPDX-License-Identifier: Apache-2.0
"""``kartu card certificate``: does the card's own certificate hold, and is the key in it here."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from rich.console import Console

from cardservice import clock
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_card_key import prove_card_key
from cardservice.credentials.ca_withdrawals import CaWithdrawals
from cardservice.credentials.certificate_check import CardCertificate, verify_possession, verify_under
from cardservice.credentials.certificate_profile import PivSlot
from reader_tools.cli.contact import Renew, contact
from reader_tools.cli.desk_memory import key_folder, seen_of
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.reader import ReaderName
from reader_tools.cli.settings import Settings
from reader_tools.desk.published_folder import PublishedFolder

CHALLENGE_LENGTH = 32

app = typer.Typer()


@app.command()
def certificate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="What `kartu keys publish` wrote, or a copy at most 35 days old. Default: what `kartu desk refresh` fetched."
        ),
    ] = None,
    reader: ReaderName = None,
    renew: Renew = True,
    as_json: AsJson = False,
) -> None:
    """Check the card's certificate 9E under the scheme's CA, off line: issuer not withdrawn, signature, dates, profile, and that its key is here.

    A list of withdrawals that is older than one this desk has seen is refused. It says that the card is genuine, not that its holder is covered: that is kartu card verify. Exit code 1: refused, with the reason.

    Example: kartu card certificate
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    now, challenge = clock.now(), secrets.token_bytes(CHALLENGE_LENGTH)
    authorities, withdrawals = _believed(settings, folder, now)
    with contact(settings, reader, renew=renew) as held:
        proof = run(prove_card_key(challenge), held.card)
        slot = PivSlot.CARD_AUTHENTICATION
        found = verify_under(proof.certificate, cas=authorities, withdrawals=withdrawals, slot=slot, now=now)
        verify_possession(found, challenge, proof.signature)
        held.finish(output, *_told(output, found, withdrawals))


def _believed(settings: Settings, folder: Path | None, now: datetime) -> tuple[list[x509.Certificate], CaWithdrawals]:
    seen = seen_of(settings)
    if folder is None:
        return PublishedFolder(key_folder(settings)).authorities(), seen.fresh(now)
    published = PublishedFolder(folder)
    return published.authorities(), published.take(seen, now).withdrawals


def _told(
    output: Output, found: CardCertificate, withdrawals: CaWithdrawals
) -> tuple[dict[str, object], Callable[[Console], None]]:
    document: dict[str, object] = {
        "genuine": True,
        "holder_reference": found.holder_reference,
        "not_after": found.not_after,
        "withdrawals_number": withdrawals.number,
        "withdrawals_stated_at": withdrawals.stated_at,
    }

    def people(console: Console) -> None:
        said = output.say("ASLI: sertifikat sah, kunci ada di kartu", "GENUINE: the certificate holds, its key is here")
        console.print(said, style="bold green")
        until = output.say("berlaku sampai", "valid until")
        console.print(f"{found.holder_reference}, {until} {found.not_after:%Y-%m-%d}", style="dim", markup=False)
        freshness = output.say("daftar pencabutan", "list of withdrawals")
        console.print(f"{freshness} {withdrawals.number}, {withdrawals.stated_at:%Y-%m-%d}", style="dim", markup=False)

    return document, people
