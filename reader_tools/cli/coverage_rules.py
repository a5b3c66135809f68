# SPDX-License-Identifier: Apache-2.0
"""``kartu coverage rules``: rule packs checked, signed with an offline key, and compared over the whole base before one goes live."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cardservice import clock
from cardservice.coverage.base_columns import columns_of
from cardservice.coverage.civil_time import JAKARTA
from cardservice.coverage.pack_difference import Difference, Group, Sums, difference, together
from cardservice.coverage.programme import Programme
from cardservice.coverage.rule_pack import RulePack
from cardservice.coverage.rules import Citation, Rules
from cardservice.enrolment.standings import standings
from reader_tools.cli.bureau import open_records
from reader_tools.cli.coverage_rules_late import app as late
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.rule_pack_file import new_key, read_pack, sign_pack, signature_file
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)
app.add_typer(late)

Pack: TypeAlias = Annotated[Path, typer.Argument(help="The rule pack: YAML, its signature beside it in FILE.sig.")]
Key: TypeAlias = Annotated[
    Path | None, typer.Option(help="The scheme's public key for rules, PEM. Default: rules-key.pem in the data folder.")
]
Draft: TypeAlias = Annotated[bool, typer.Option("--draft", help="Take packs that nobody signed yet. It is told.")]


@app.callback()
def rules() -> None:
    """Rule packs: what a month costs, how long grace lasts, what a lapse means; each rule with its source.

    Example: kartu coverage rules diff rule_packs/bpu-2026.yaml draft.yaml --draft
    """


@app.command()
def check(file: Pack, key: Key = None, draft: Draft = False, as_json: AsJson = False) -> None:
    """Check a pack's signature and every rule of its form, and show its rules with their sources. 0: taken; 5: refused, with field and remedy.

    Example: kartu coverage rules check rule_packs/bpu-2026.yaml --key rule_packs/scheme-rules-key.pem
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    pack = read_pack(file, _key(settings, key, draft=draft))
    cited = [
        {"rule": rule, "source": each.text, "confidence": each.confidence} for rule, each in _citations(pack.rules)
    ]
    output.show(
        _of_pack(pack, draft=draft) | {"rules": cited}, lambda console: _tell_pack(output, console, pack, draft=draft)
    )


@app.command()
def sign(
    file: Pack,
    key: Annotated[Path, typer.Option(help="The private key for rules, PEM, from a place that is not on the net.")],
    create_key: Annotated[
        bool, typer.Option("--create-key", help="Make the key first; its public half lies beside it as .pub.pem.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a pack that holds every rule of its form; the signature lies beside it in FILE.sig.

    Example: kartu coverage rules sign draft.yaml --key rules.pem --create-key
    """
    output = Output.of(Settings.load(), as_json=as_json)
    public_key = new_key(key) if create_key else None
    pack = sign_pack(file, key)
    written = {"signature": signature_file(file), "public_key": public_key}
    told = {name: str(path) for name, path in written.items() if path is not None}
    output.show(
        _of_pack(pack, draft=False) | told,
        lambda console: console.print(
            output.say(f"Ditandatangani: {told['signature']}", f"Signed: {told['signature']}"), markup=False
        ),
    )


@app.command()
def diff(
    before: Pack,
    after: Pack,
    programme: Annotated[Programme, typer.Option(help="Which programme.", case_sensitive=False)] = Programme.JKM,
    at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge at noon of this day (WIB). Default: now.")
    ] = None,
    key: Key = None,
    draft: Draft = False,
    as_json: AsJson = False,
) -> None:
    """Judge every member under two packs and print who would stand differently, by sector, payer, band and state, with the rupiah.

    Nothing is changed. 0: nobody's answer differs; 1: some do.

    Example: kartu coverage rules diff rule_packs/bpu-2026.yaml draft.yaml --draft
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    packs = [read_pack(path, _key(settings, key, draft=draft)) for path in (before, after)]
    moment = clock.now() if at is None else at.replace(hour=12, tzinfo=JAKARTA)
    with open_records(settings) as database, database.read() as connection:
        whole = together(
            difference(columns_of(found), programme, moment, packs[0].rules, packs[1].rules)
            for found in standings(connection)
        )
    changed = {group: sums for group, sums in whole.items() if sums.changed}
    document: dict[str, object] = {
        "before": _of_pack(packs[0], draft=draft),
        "after": _of_pack(packs[1], draft=draft),
        "programme": programme,
        "at": moment,
        "members": sum(sums.members for sums in whole.values()),
        "changed": sum(sums.changed for sums in changed.values()),
        "groups": [_row(group, sums) for group, sums in sorted(changed.items())],
    }
    output.show(document, lambda console: _tell_difference(output, console, whole, changed))
    raise typer.Exit(ExitCode.REFUSED if changed else ExitCode.OK)


def _key(settings: Settings, key: Path | None, *, draft: bool) -> Path | None:
    return None if draft else key or settings.data_dir / "rules-key.pem"


def _of_pack(pack: RulePack, *, draft: bool) -> dict[str, object]:
    return {"name": pack.name, "number": pack.rules.number, "dated": pack.dated, "signed": not draft}


def _citations(rules: Rules) -> Iterator[tuple[str, Citation]]:
    yield f"grace: {rules.grace_months}", rules.grace_citation
    yield f"arrears: {rules.arrears}", rules.arrears_citation
    yield f"allocation: {rules.allocation}", rules.allocation_citation
    yield f"paid together: {'+'.join(sorted(rules.paid_together))}", rules.paid_together_citation
    for programme, tariffs in rules.tariffs.items():
        for tariff in tariffs:
            since = "" if tariff.first is None else f" from {tariff.first}"
            yield (
                f"tariff {programme}{since}: Rp{tariff.minimum_rupiah}{'' if tariff.is_flat else '+'}",
                tariff.citation,
            )
    for half in rules.half_rates:
        yield f"half rate {half.work_sector}: {half.first}..{half.last}", half.citation
    for programme, benefit in rules.benefits.items():
        yield f"benefit {programme}: Rp{benefit.limited_rupiah} / Rp{benefit.limit_rupiah}", benefit.citation
    yield f"limited period restarts: {rules.reinstatement.limited_period_restarts}", rules.reinstatement.citation


def _tell_pack(output: Output, console: Console, pack: RulePack, *, draft: bool) -> None:
    state = output.say("RANCANGAN, belum ditandatangani", "DRAFT, not signed") if draft else output.say("sah", "signed")
    console.print(f"{pack.name} ({pack.rules.number}), {pack.dated}: {state}", markup=False)
    headings = output.say("aturan", "rule"), output.say("keyakinan", "confidence"), output.say("sumber", "source")
    rows = [(rule, each.confidence.value, each.text) for rule, each in _citations(pack.rules)]
    console.print(output.table(headings, rows))
    counts = Counter(each.confidence.value for _, each in _citations(pack.rules))
    console.print(", ".join(f"{count} {confidence}" for confidence, count in sorted(counts.items())), style="dim")


def _row(group: Group, sums: Sums) -> dict[str, object]:
    return {
        "sector": group.sector,
        "payer": group.payer,
        "band": group.band,
        "state_before": group.before,
        "state_after": group.after,
        "members": sums.members,
        "changed": sums.changed,
        "cure_rupiah_before": sums.cure_before,
        "cure_rupiah_after": sums.cure_after,
        "benefit_rupiah_before": sums.benefit_before,
        "benefit_rupiah_after": sums.benefit_after,
    }


def _tell_difference(output: Output, console: Console, whole: Difference, changed: Difference) -> None:
    headings = [
        *output.say("sektor pembayar golongan status peserta", "sector payer band state members").split(),
        output.say("tagihan Rp", "cure Rp"),
        output.say("manfaat Rp", "benefit Rp"),
    ]
    rows = [
        (
            group.sector.value,
            group.payer.value,
            f"{group.band:,}",
            f"{group.before} > {group.after}",
            f"{sums.changed:,}",
            f"{sums.cure_after - sums.cure_before:+,}",
            f"{sums.benefit_after - sums.benefit_before:+,}",
        )
        for group, sums in sorted(changed.items())
    ]
    console.print(output.table(headings, rows))
    members, others = sum(sums.members for sums in whole.values()), sum(sums.changed for sums in changed.values())
    console.print(
        output.say(f"{others:,} dari {members:,} peserta berbeda", f"{others:,} of {members:,} members differ")
    )
