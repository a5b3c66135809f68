# SPDX-License-Identifier: Apache-2.0
"""``kartu agent``: agents who take members' cash: their terms, receipts, remittances, what they hold, and stops."""

import secrets
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection.cash.ageing import Ageing
from cardservice.collection.cash.agent import agent_at_work, held_by, resume_agent, set_agent_terms, watch_agents
from cardservice.collection.cash.remit import remit as remit_cash
from cardservice.collection.cash.take import Cash, take_cash
from cardservice.records import agent_cash
from cardservice.records.agent_cash import CashAgent
from cardservice.records.cash_reversals import MAX_CASH_REFERENCE
from reader_tools.cli.agent_receipt import check_receipt, receipt
from reader_tools.cli.agent_reversals import bounce, void
from reader_tools.cli.bureau import open_records, priced
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


def _reference(text: str) -> str:
    text = text.strip()
    if not text or len(text) > MAX_CASH_REFERENCE or not text.isprintable():
        raise typer.BadParameter(f"1 to {MAX_CASH_REFERENCE} printable characters")
    return text


Code: TypeAlias = Annotated[str, typer.Argument(help="The agent's code, such as AGEN-7.")]
Reference: TypeAlias = Annotated[
    str, typer.Option(help="The agent's own reference; told twice, it is one.", callback=_reference)
]
Rupiah: TypeAlias = Annotated[int, typer.Option(min=1, help="Whole rupiah.")]


@app.callback()
def agent() -> None:
    """Agents' cash: a receipt covers the member at once; what the agent holds is matched to remittances, oldest first.

    Example: kartu agent take AGEN-7 --member P-0001 --rupiah 16800 --reference R-1
    """


app.command("void")(void)
app.command("bounce")(bounce)


@app.command()
def terms(
    code: Code,
    by: Person,
    rate_bp: Annotated[int, typer.Option(min=0, max=10_000, help="Commission in basis points.")] = 750,
    agent_share_bp: Annotated[int, typer.Option(min=0, max=10_000, help="The agent's part of it.")] = 9_000,
    most_rupiah: Annotated[int, typer.Option(min=1, help="The most that may be held.")] = 5_000_000,
    most_days: Annotated[int, typer.Option(min=1, help="The longest that it may be held.")] = 3,
    inactive_months: Annotated[int, typer.Option(min=1, help="Months without cash until the agent is cut.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Let an intermediary that may collect take cash, or change its terms.

    Example: kartu agent terms AGEN-7 --rate-bp 750 --agent-share-bp 9000 --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    told = CashAgent("", rate_bp, agent_share_bp, most_rupiah, most_days, inactive_months, clock.now())
    with open_records(settings) as database, database.begin() as connection:
        kept = set_agent_terms(connection, code, told, by=by)
    document: dict[str, object] = {
        "code": code,
        "rate_bp": kept.rate_bp,
        "agent_share_bp": kept.agent_share_bp,
        "most_rupiah": kept.most_rupiah,
        "most_days": kept.most_days,
        "inactive_months": kept.inactive_months,
        "stopped_for": kept.stopped_for,
    }
    said = output.say("Syarat agen disimpan", "Agent's terms kept")
    output.show(document, lambda console: console.print(f"{said}: {code}", markup=False))


@app.command()
def take(
    code: Code,
    member: Annotated[str, typer.Option(help="The member, by the reference of the list.")],
    rupiah: Rupiah,
    reference: Reference,
    as_json: AsJson = False,
) -> None:
    """Take a member's cash and give a receipt with the agent's next number. Cover counts from now.

    Example: kartu agent take AGEN-7 --member P-0001 --rupiah 16800 --reference R-1
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    cash = Cash(reference, member, rupiah)
    with priced(settings) as (database, at, rules):
        receipt = take_cash(database, code, cash, new_id=lambda: secrets.token_hex(16), at=at, rules=rules)
    document: dict[str, object] = {
        "code": code,
        "number": receipt.number,
        "member_ref": member,
        "rupiah": receipt.rupiah,
        "commission": {"agent": receipt.agent_rupiah, "body": receipt.body_rupiah},
        "taken_at": receipt.taken_at,
    }
    said = output.say("Kuitansi", "Receipt")
    output.show(document, lambda console: console.print(f"{said} {code} {receipt.number}: Rp{rupiah}", markup=False))


app.command("receipt")(receipt)
app.command("check-receipt")(check_receipt)


@app.command()
def remit(code: Code, rupiah: Rupiah, reference: Reference, as_json: AsJson = False) -> None:
    """Take in what an agent hands over; it settles the agent's oldest receipts.

    Example: kartu agent remit AGEN-7 --rupiah 16800 --reference S-1
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        done = remit_cash(connection, code, reference, rupiah, clock.now())
    document = {"code": code, "settled": list(done.settled), "resumed": done.resumed, **_held(done.held)}
    said = output.say("Disetor; masih dipegang", "Remitted; still held")
    output.show(document, lambda console: console.print(f"{said}: Rp{done.held.rupiah}", markup=False))


@app.command()
def held(code: Code, as_json: AsJson = False) -> None:
    """Show what an agent collected and did not remit, by age in days.

    Example: kartu agent held AGEN-7
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        found = agent_at_work(connection, code)
        now_held = held_by(connection, found, clock.now())
        owed = agent_cash.owed_to_agent(connection, found.intermediary_id)

    def people(console: Console) -> None:
        heads = (output.say("Hari", "Days"), "Rp")
        rows = [(name, str(rupiah)) for name, rupiah in now_held.buckets.items()]
        console.print(output.table(heads, rows), markup=False)
        if owed:
            said = output.say("Disetor untuk kuitansi batal", "Remitted for receipts that are void")
            console.print(f"{said}: Rp{owed:,}", markup=False)

    document: dict[str, object] = {"code": code, "stopped_for": found.terms.stopped_for, "owed_to_agent": owed}
    output.show(document | _held(now_held), people)


@app.command()
def watch(as_json: AsJson = False) -> None:
    """Stop every agent that holds too much or too long, or took no cash for too many months. Run it daily. Exit code 1 where one was stopped.

    Example: kartu agent watch
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        stopped = watch_agents(connection, clock.now())
    said = output.say("Dihentikan", "Stopped")
    output.show(
        {"stopped": [{"code": code, "ground": ground} for code, ground in stopped]},
        lambda console: console.print(f"{said}: {', '.join(code for code, _ in stopped) or '-'}", markup=False),
    )
    raise typer.Exit(ExitCode.REFUSED if stopped else ExitCode.OK)


@app.command()
def resume(
    code: Code,
    by: Person,
    reason: Annotated[str, typer.Option(help="Why; kept in the books.")],
    as_json: AsJson = False,
) -> None:
    """Let a stopped agent take cash again. The alarm stops it again at its next receipt if it still holds.

    Example: kartu agent resume AGEN-7 --by ani --reason "back after the harvest"
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        resume_agent(connection, code, by=by, reason=reason, at=clock.now())
    said = output.say("Agen boleh menerima lagi", "The agent may go on")
    output.show({"code": code, "stopped_for": None}, lambda console: console.print(f"{said}: {code}", markup=False))


def _held(found: Ageing) -> dict[str, object]:
    return {"held": found.rupiah, "buckets": dict(found.buckets), "oldest_days": found.oldest_days}
