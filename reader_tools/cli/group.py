# SPDX-License-Identifier: Apache-2.0
"""``kartu group``: cooperatives, villages and platforms that pay for a list of members in one sum."""

import secrets
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection.group.bill import Drawn, draw_group_bill
from cardservice.collection.group.list import MAX_OCTETS
from cardservice.collection.group.pay import Settled, Sum, Waiting, pay_group_bill
from cardservice.collection.group.payer import join_group, leave_group, register_payer
from cardservice.collection.group.price_rows import PricedRow
from cardservice.collection.group.row_problem import GroupRowProblem
from cardservice.enrolment.months_notation import write_months
from cardservice.records.group_bills import MAX_GROUP_REFERENCE
from cardservice.records.group_payers import Mismatch
from reader_tools.cli.bureau import open_records, priced
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.failure import words
from reader_tools.cli.group_bounce import bounce
from reader_tools.cli.group_list_rows import tell_problems
from reader_tools.cli.group_move import move
from reader_tools.cli.group_show import list_bills, show
from reader_tools.cli.named_file import read_named
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


class WrongSum(StrEnum):
    """What is done with a sum that is not the bill's, as a person types it."""

    HOLD = "hold"
    REFUSE = "refuse"


def reference_of(text: str) -> str:
    """A reference as the books take it."""
    text = text.strip()
    if not text or len(text) > MAX_GROUP_REFERENCE or not text.isprintable():
        raise typer.BadParameter(f"1 to {MAX_GROUP_REFERENCE} printable characters")
    return text


Code: TypeAlias = Annotated[str, typer.Argument(help="The group payer's code, such as KOP-MELATI.")]
Bill: TypeAlias = Annotated[
    str, typer.Option("--bill", help="The group's own name for the bill; it makes it one.", callback=reference_of)
]
MemberRef: TypeAlias = Annotated[str, typer.Argument(help="The member, by the reference of the list.")]


@app.callback()
def group() -> None:
    """Group payers: one sum for a list of members, credited to all of them or to none.

    Example: kartu group bill KOP-MELATI list.csv --bill 2026-11 --by ani
    """


app.command("list")(list_bills)
app.command("show")(show)
app.command("move")(move)
app.command("bounce")(bounce)


@app.command()
def register(
    code: Code,
    by: Person,
    mismatch: Annotated[
        WrongSum,
        typer.Option(case_sensitive=False, help="A sum that is not the bill's: hold it as deposit, or refuse it."),
    ] = WrongSum.HOLD,
    as_json: AsJson = False,
) -> None:
    """Let an intermediary that may collect pay for groups. A second time changes what is done with wrong sums.

    Example: kartu group register KOP-MELATI --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        payer = register_payer(connection, code, Mismatch[mismatch.name], by=by, at=clock.now())
    said = output.say("Pembayar kelompok terdaftar", "Group payer registered")
    document: dict[str, object] = {"code": code, "mismatch": payer.mismatch, "registered_at": payer.registered_at}
    output.show(document, lambda console: console.print(f"{said}: {code}", markup=False))


@app.command()
def join(code: Code, member_ref: MemberRef, by: Person, as_json: AsJson = False) -> None:
    """Let a member belong to a group before a list names them, so that months can be moved to them.

    Example: kartu group join KOP-MELATI P-0002 --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        join_group(connection, code, member_ref, by=by, at=clock.now())
    said = output.say("Masuk kelompok", "Joined the group")
    output.show({"code": code, "member_ref": member_ref}, lambda console: console.print(f"{said}: {member_ref}"))


@app.command()
def leave(code: Code, member_ref: MemberRef, by: Person, as_json: AsJson = False) -> None:
    """Let a member leave a group. Months that were paid stay theirs.

    Example: kartu group leave KOP-MELATI P-0001 --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        leave_group(connection, code, member_ref, by=by, at=clock.now())
    said = output.say("Keluar dari kelompok", "Left the group")
    output.show({"code": code, "member_ref": member_ref}, lambda console: console.print(f"{said}: {member_ref}"))


@app.command()
def bill(
    code: Code,
    file: Annotated[Path, typer.Argument(help="The list: CSV, UTF-8, columns member and months (1 to 12).")],
    reference: Bill,
    by: Person,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Price the list and keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Price a list of members and keep it as a bill. One bad row, and there is no bill: each is told with line, field and remedy.

    Exit codes: 0 the list is good; 1 some rows were refused, no bill; 5 the file can't be read as a list.

    Example: kartu group bill KOP-MELATI list.csv --bill 2026-11 --by ani --dry-run
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    octets = read_named(file, MAX_OCTETS)
    with priced(settings) as (database, now, rules), database.begin() as connection:
        drawn = draw_group_bill(
            connection,
            code,
            octets,
            reference=reference,
            by=by,
            new_id=lambda: secrets.token_hex(16),
            at=now,
            rules=rules,
            dry_run=dry_run,
        )
    problems = [_problem(each, output) for each in drawn.problems]
    document: dict[str, object] = {
        "code": code,
        "bill": reference,
        "kept": drawn.bill is not None,
        "rupiah": drawn.rupiah,
        "rows": [_row(row) for row in drawn.rows],
        "problems": problems,
    }
    output.show(document, lambda console: _tell(output, console, drawn, problems))
    raise typer.Exit(ExitCode.REFUSED if problems else ExitCode.OK)


@app.command()
def pay(
    code: Code,
    reference: Bill,
    rupiah: Annotated[
        int | None,
        typer.Option(min=1, help="The sum that came in. Without it, the bill is settled out of the deposit."),
    ] = None,
    sum_reference: Annotated[
        str | None, typer.Option("--reference", help="The sum's own reference; told twice, it is taken in once.")
    ] = None,
    paid_at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"], help="When the money came, with time zone. Believed within a day."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Match a sum to a bill. Every member on it is credited at once, or nobody is.

    Exit codes: 0 the bill is settled; 1 it waits for more, or the sum was refused.

    Example: kartu group pay KOP-MELATI --bill 2026-11 --rupiah 168000 --reference TRF-1
    """
    if (rupiah is None) != (sum_reference is None):
        raise typer.BadParameter("give --rupiah and --reference, or neither")
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    paid = None if rupiah is None or sum_reference is None else Sum(reference_of(sum_reference), rupiah, paid_at)
    with priced(settings) as (database, now, rules), database.begin() as connection:
        outcome = pay_group_bill(
            connection,
            code,
            reference,
            paid,
            new_id=lambda: secrets.token_hex(16),
            at=now,
            rules=rules,
        )
    output.show(_outcome(code, outcome), lambda console: console.print(_said(output, outcome), markup=False))
    raise typer.Exit(ExitCode.OK if outcome else ExitCode.REFUSED)


def _outcome(code: str, outcome: Settled | Waiting) -> dict[str, object]:
    return {
        "code": code,
        "bill": outcome.bill.reference,
        "rupiah": outcome.bill.rupiah,
        "settled_at": outcome.settled_at if isinstance(outcome, Settled) else None,
        "missing": outcome.missing if isinstance(outcome, Waiting) else 0,
        "deposit": outcome.deposit,
    }


def _said(output: Output, outcome: Settled | Waiting) -> str:
    if isinstance(outcome, Settled):
        return output.say(
            f"Tagihan {outcome.bill.reference} lunas; titipan Rp{outcome.deposit}",
            f"The bill {outcome.bill.reference} is settled; deposit Rp{outcome.deposit}",
        )
    return output.say(
        f"Tagihan {outcome.bill.reference} menunggu Rp{outcome.missing} lagi; titipan Rp{outcome.deposit}",
        f"The bill {outcome.bill.reference} waits for Rp{outcome.missing} more; deposit Rp{outcome.deposit}",
    )


def _row(row: PricedRow) -> dict[str, object]:
    return {
        "line": row.line,
        "member_ref": row.member_ref,
        "months": write_months(each.month for each in row.months),
        "rupiah": row.rupiah,
        "reaches_now": row.reaches_now,
    }


def _problem(problem: GroupRowProblem, output: Output) -> dict[str, str | int]:
    cause, remedy = words(problem.text_code, problem.evidence, output.language)
    return {"line": problem.line, "field": problem.field, "rule": problem.rule.value, "cause": cause, "remedy": remedy}


def _tell(output: Output, console: Console, drawn: Drawn, problems: list[dict[str, str | int]]) -> None:
    tell_problems(output, console, problems)
    for row in drawn.rows:
        if not row.reaches_now:
            said = output.say(
                "semuanya tunggakan; perlindungan belum kembali", "all of it debts; no cover comes back with it yet"
            )
            console.print(f"{output.say('Baris', 'Line')} {row.line}, {row.member_ref}: {said}", markup=False)
    counted = output.say(f"{len(drawn.rows)} peserta, Rp{drawn.rupiah}", f"{len(drawn.rows)} members, Rp{drawn.rupiah}")
    kept = output.say("tagihan disimpan", "bill kept") if drawn.bill else output.say("tanpa tagihan", "no bill")
    console.print(f"{counted}; {kept}", markup=False)
