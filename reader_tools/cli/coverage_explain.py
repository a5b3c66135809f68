# SPDX-License-Identifier: Apache-2.0
"""``kartu coverage explain``: how a member stood at a moment, by what was known then or later, and which months and payments say so."""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection.explain import Asker, Explanation, Ground, explain_to
from cardservice.coverage.decision import Reason, clock_time
from cardservice.coverage.programme import Programme
from cardservice.texts.catalogue import Language, text
from reader_tools.cli.bureau import records_and_packs
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

MOMENT = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]


def explain_cover(
    member_ref: Annotated[str, typer.Argument(help="The member's reference, such as P-0001.")],
    programme: Annotated[Programme, typer.Option(help="Which programme.", case_sensitive=False)],
    as_of: Annotated[
        datetime, typer.Option("--as-of", formats=MOMENT, help="The moment of the event, with time zone.")
    ],
    by: Person,
    why: Annotated[Ground, typer.Option(help="What for; kept in the books.")],
    knowledge_at: Annotated[
        datetime | None,
        typer.Option("--knowledge-at", formats=MOMENT, help="By what was known at this moment. Default: now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how a member stood, why, what would have cured it, and what it rests on. No name and no NIK is shown. 0: covered; 1: not.

    What is recorded later, terms and rule packs included, never changes the answer for an earlier --knowledge-at. Who asked about whom, and why, is kept.

    Example: kartu coverage explain P-0001 --programme JKK --as-of 2026-05-03T09:30:00+07:00 --by ani --why dispute
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with records_and_packs(settings) as (database, packs):
        now = clock.now()
        known = now if knowledge_at is None else knowledge_at
        if known > now:
            raise typer.BadParameter("--knowledge-at lies ahead")
        with database.begin() as connection:
            asker = Asker(by, why, now)
            found = explain_to(connection, asker, member_ref, programme, as_of, knowledge_at=known, packs=packs)
    output.show(_document(member_ref, found), lambda console: _tell(output, console, member_ref, found))
    raise typer.Exit(ExitCode.OK if found.decision else ExitCode.REFUSED)


def _document(member_ref: str, found: Explanation) -> dict[str, object]:
    decision, cure = found.decision, found.decision.cure
    return {
        "member": member_ref,
        "programme": decision.programme,
        "as_of": decision.moment,
        "knowledge_at": found.knowledge_at,
        "rule_pack": found.rule_pack,
        "terms": {
            "programmes": sorted(found.programmes),
            "work_sector": found.basis.work_sector,
            "payer": found.basis.payer,
            "full_monthly_rupiah": dict(found.basis.full_monthly),
        },
        "covered": bool(decision),
        "state": decision.state,
        "paid_through": decision.paid_through,
        "until": decision.until,
        "benefit_limit_rupiah": decision.benefit_limit,
        "reasons": [_reason(found, each) for each in decision.reasons],
        "paid_at": decision.paid_at,
        "credit_rupiah": found.credit,
        "cure": cure
        and {
            "amount_rupiah": cure.amount_rupiah,
            "pay_until": cure.pay_until,
            "restores": cure.restores,
            "restores_from": cure.restores_from,
            "restores_through": cure.restores_through,
            "restores_benefit_limit_rupiah": cure.restores_benefit_limit,
            "dues": [
                {"programme": due.programme, "month": due.month, "amount_rupiah": due.amount_rupiah}
                for due in cure.dues
            ],
        },
        "months": [
            {
                "month": each.month,
                "amount_rupiah": each.amount,
                "received_at": each.received_at,
                "recorded_at": each.recorded_at,
            }
            for each in found.months
        ],
        "payments": [
            {
                "payment": each.payment.payment_id,
                "channel": each.payment.channel,
                "amount_rupiah": each.payment.amount,
                "received_at": each.payment.received_at,
                "recorded_at": each.payment.recorded_at,
                "reversed_at": each.reversed_at,
                "bought": [
                    {"programme": part.programme, "month": part.month, "amount_rupiah": part.amount}
                    for part in each.bought
                ],
            }
            for each in found.payments
        ],
    }


def _reason(found: Explanation, reason: Reason) -> dict[str, object]:
    return {
        "code": reason,
        "id": _words(found, reason, Language.INDONESIAN),
        "en": _words(found, reason, Language.ENGLISH),
    }


def _words(found: Explanation, reason: Reason, language: Language) -> str:
    """The cause in words; that of the first reason in the variant that fits the cure."""
    code = found.decision.text_code if reason is found.decision.reason else reason.text_code
    return text(code or reason.text_code).cause(language, found.decision.evidence)


def _tell(output: Output, console: Console, member_ref: str, found: Explanation) -> None:
    decision, say = found.decision, output.say
    covered = say("BERLAKU", "COVERED") if decision else say("TIDAK BERLAKU", "NOT COVERED")
    headline = f"{member_ref} {decision.programme} {clock_time(decision.moment)}: {covered} ({decision.state})"
    console.print(headline, style="bold green" if decision else "bold yellow", markup=False)
    console.print(
        say("diketahui pada {}; paket aturan {}", "as known at {}; rule pack {}").format(
            clock_time(found.knowledge_at), found.rule_pack
        ),
        markup=False,
    )
    monthly = ", ".join(f"{name} Rp{rupiah}" for name, rupiah in found.basis.full_monthly.items())
    console.print(
        say(
            "ketentuan: {}, sektor {}, pembayar {}, penuh sebulan {}",
            "terms: {}, sector {}, payer {}, full price of a month {}",
        ).format("+".join(sorted(found.programmes)), found.basis.work_sector, found.basis.payer, monthly),
        markup=False,
        soft_wrap=True,
    )
    facts = [
        (say("lunas sampai", "paid through"), decision.paid_through),
        (say("berlaku sampai", "covered until"), decision.until),
        (say("manfaat paling banyak Rp", "benefit at most Rp"), decision.benefit_limit),
        (say("saldo Rp", "credit Rp"), found.credit),
    ]
    for name, value in facts:
        if value is not None:
            console.print(f"{name} {value}", markup=False)
    for reason in decision.reasons:
        console.print(f"- {reason}: {_words(found, reason, output.language)}", markup=False)
    if decision.cure is not None:
        cured = say(
            "Bayar Rp{} sampai {}: {} sampai {}",
            "Pay Rp{} by {}: {} through {}",
        ).format(
            decision.cure.amount_rupiah, decision.cure.pay_until, decision.cure.restores, decision.cure.restores_through
        )
        console.print(cured, markup=False)
    headings = say("bulan Rp diterima dicatat", "month Rp received recorded").split()
    rows = [
        (
            str(each.month),
            str(each.amount),
            "-" if each.received_at is None else clock_time(each.received_at),
            clock_time(each.recorded_at),
        )
        for each in found.months
    ]
    console.print(output.table(headings, rows))
    headings = say("pembayaran Rp diterima dicatat dibatalkan", "payment Rp received recorded reversed").split()
    paid = [
        (
            each.payment.payment_id,
            str(each.payment.amount),
            clock_time(each.payment.received_at),
            clock_time(each.payment.recorded_at),
            "-" if each.reversed_at is None else clock_time(each.reversed_at),
        )
        for each in found.payments
    ]
    console.print(output.table(headings, paid))
