# SPDX-License-Identifier: Apache-2.0
"""``kartu card verify``: is the holder of the card that is here covered, on line or from the card alone."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cardservice import clock
from cardservice.coverage.civil_time import civil_day
from cardservice.coverage.programme import Programme
from cardservice.texts.catalogue import text
from reader_tools.cli.bureau import rule_packs
from reader_tools.cli.contact import Relay, Renew, contact
from reader_tools.cli.desk_memory import key_cache, refreshed_withdrawals, seen_of, withdrawals_document
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.reader import ReaderName
from reader_tools.cli.settings import Settings
from reader_tools.desk.clock_seen import last_seen, refuse_set_back, remember
from reader_tools.desk.http_client import Service
from reader_tools.desk.offline import OfflineAnswer, verify_offline
from reader_tools.desk.online import OnlineAnswer, Question, verify_online
from reader_tools.desk.verifier_secret import read_secret

HEALTH = 0x01
LIST_PATIENCE = 2.0  # seconds for one of three files, once an hour; the answer is here already
People: TypeAlias = Callable[[Console], None]

app = typer.Typer()


@app.command()
def verify(
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask the card alone, with the keys kept on this desk.")
    ] = False,
    programme: Annotated[Programme, typer.Option(help="Which programme.", case_sensitive=False)] = Programme.JKK,
    service_date: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The day of service. Default: today.")
    ] = None,
    event_at: Annotated[
        datetime | None,
        typer.Option(
            "--event-at",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"],
            help="The moment of an accident or death, with time zone: money that came after it does not count.",
        ),
    ] = None,
    terminal: Annotated[str, typer.Option(help="This desk's name in challenges and records.")] = "desk-1",
    purpose: Annotated[str, typer.Option(help="treatment, claim, fare, discount or counter.")] = "treatment",
    sector: Annotated[int, typer.Option(help="Off line: the verifier's sector.", min=1, max=255)] = HEALTH,
    secret_file: Annotated[
        Path | None, typer.Option(help="The verifier's secret. Default: verifier-secret in the data folder.")
    ] = None,
    reader: ReaderName = None,
    renew: Renew = True,
    as_json: AsJson = False,
) -> int:
    """Say whether the holder is covered. Exit code 0: covered; 1: not covered, or refused.

    Cover proofs that are older than the books are then written anew, by a desk that has books and keys, or through the service in the verifier's own
    sector; the answer does not wait for it.

    Example: kartu card verify --programme JKK
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    day = None if service_date is None else service_date.date()
    question = Question(terminal, purpose, programme, day, event_at)
    cache = key_cache(settings)
    now = clock.now()
    if event_at is not None and event_at > now:
        raise typer.BadParameter("--event-at lies ahead")
    if event_at is not None and day not in {None, civil_day(event_at)}:
        raise typer.BadParameter("--date is not the day of --event-at")
    if offline:
        keys, packs = cache.offline_keys(now), rule_packs(settings)
        held_list = seen_of(settings).recall()
        stated_at = None if held_list is None else held_list.stated_at
        refuse_set_back(now, {"clock-seen": last_seen(settings.data_dir), "card-ca-withdrawn.json": stated_at})
        withdrawals = withdrawals_document(held_list, now)
        with contact(settings, reader, renew=renew) as held:
            answer = verify_offline(
                held.card,
                question,
                sector=sector,
                desk_name=terminal,
                keys=keys,
                packs=packs,
                entropy=secrets.token_bytes,
                now=now,
            )
            held.finish(output, *_offline(output, answer, withdrawals))
        return ExitCode.OK if answer.covered else ExitCode.REFUSED
    service = Service(
        settings.api_url, read_secret(secret_file or settings.data_dir / "verifier-secret"), settings.language
    )
    with contact(settings, reader, renew=renew) as held:
        told = verify_online(held.card, service, cache, question, issuer=settings.issuer, now=now)
        remember(now, settings.data_dir)  # the token, which the service signed, bears it out
        receipt = told.receipt_to_renew
        relay = None if receipt is None else Relay(service, receipt, told.sector)
        withdrawals = refreshed_withdrawals(settings, replace(service, patience=LIST_PATIENCE), now)
        held.finish(output, *_online(output, told, withdrawals), relay)
    return ExitCode.OK if told.covered else ExitCode.REFUSED


def _online(
    output: Output, answer: OnlineAnswer, withdrawals: Mapping[str, object]
) -> tuple[dict[str, object], People]:
    def people(console: Console) -> None:
        token = answer.token
        if answer.covered:
            words = output.say(
                f"BERLAKU: {token.programme} sampai {token.until}", f"COVERED: {token.programme} until {token.until}"
            )
            console.print(words, style="bold green")
        else:
            explained = answer.document.get("explanation") or {}
            console.print(output.say("TIDAK BERLAKU", "NOT COVERED"), style="bold yellow")
            console.print(f"{explained.get('cause', token.reason)}\n{explained.get('remedy', '')}", markup=False)
        receipt = answer.document.get("receipt") or {}
        console.print(f"{output.say('tanda terima', 'receipt')} {receipt.get('receipt_id')}", style="dim", markup=False)
        if withdrawals["trouble"] is not None:
            warned = output.say("PERHATIAN: daftar pencabutan tidak diambil", "WARNING: list of withdrawals not taken")
            console.print(f"{warned} ({withdrawals['trouble']})", style="yellow", markup=False)

    return {**answer.document, "withdrawals": withdrawals}, people


def _offline(
    output: Output, answer: OfflineAnswer, withdrawals: Mapping[str, object]
) -> tuple[dict[str, object], People]:
    decision = answer.decision
    document: dict[str, object] = {
        "outcome": "COVERED" if answer.covered else "NOT_COVERED",
        "programme": decision.programme,
        "as_of": decision.as_of,
        "subject": answer.subject,
        "stated_at": answer.stated_at,
        "proof_expires_at": answer.proof_expires_at,
        "status_list": "not checked: none on this desk",
        "withdrawals": withdrawals,
    }
    if decision:
        document |= {"until": decision.until, "state": decision.state}
        headline = output.say(f"BERLAKU (luring) sampai {decision.until}", f"COVERED (off line) until {decision.until}")
        detail = ""
    else:
        document |= {"reason": decision.reason}
        headline = output.say("TIDAK BERLAKU (luring)", "NOT COVERED (off line)")
        words = text(decision.text_code or "not-covered-then")
        detail = f"{words.cause(output.language, decision.evidence)} {words.remedy(output.language, decision.evidence)}"

    def people(console: Console) -> None:
        console.print(headline, style="bold green" if answer.covered else "bold yellow")
        if detail:
            console.print(detail, markup=False)
        proof = f"{answer.stated_at:%Y-%m-%d}", f"{answer.proof_expires_at:%Y-%m-%d}"
        console.print(
            output.say("bukti kartu {} sampai {}", "card's proof {} to {}").format(*proof), style="dim", markup=False
        )

    return document, people
