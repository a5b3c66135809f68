# SPDX-License-Identifier: Apache-2.0
"""``kartu group list`` and ``show``: a group's bills, and one of them reconciled to its members row by row."""

from typing import Annotated

import typer
from rich.console import Console

from cardservice.collection.group.payer import payer_in_books
from cardservice.collection.group.statement import BillStatement, bill_statement
from cardservice.collection.member_ledger import named_months
from cardservice.enrolment.months_notation import write_months
from cardservice.records import group_bills, group_money, group_payers
from reader_tools.cli.bureau import open_records
from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings


def list_bills(
    code: Annotated[str, typer.Argument(help="The group payer's code, such as KOP-MELATI.")], as_json: AsJson = False
) -> None:
    """List a group's bills, its deposit, and how many belong to it.

    Example: kartu group list KOP-MELATI
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        payer = payer_in_books(connection, code)
        found = group_bills.of_group(connection, payer.intermediary_id)
        deposit = group_money.deposit(connection, payer.intermediary_id)
        present = len(group_payers.present(connection, payer.intermediary_id))
    bills = [
        {"bill": each.reference, "rupiah": each.rupiah, "drawn_at": each.drawn_at, "settled_at": at}
        for each, at in found
    ]

    def people(console: Console) -> None:
        heads = (output.say("Tagihan", "Bill"), "Rp", output.say("Lunas", "Settled"))
        rows = [
            (each.reference, str(each.rupiah), f"{at:%Y-%m-%d}" if at else output.say("menunggu", "waiting"))
            for each, at in found
        ]
        console.print(output.table(heads, rows), markup=False)
        said = output.say(f"{present} anggota, titipan Rp{deposit}", f"{present} members, deposit Rp{deposit}")
        console.print(said, markup=False)

    output.show({"code": code, "members": present, "deposit": deposit, "bills": bills}, people)


def show(
    code: Annotated[str, typer.Argument(help="The group payer's code, such as KOP-MELATI.")],
    reference: Annotated[str, typer.Option("--bill", help="The group's own name for the bill.")],
    as_json: AsJson = False,
) -> None:
    """Reconcile a bill to its members: whose payments stand for each row. Exit code 1 where a paid bill is not balanced.

    Example: kartu group show KOP-MELATI --bill 2026-11
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        statement = bill_statement(connection, code, reference)
    output.show(_document(code, statement), lambda console: _tell(output, console, statement))
    is_wrong = statement.settled_at is not None and not statement.balanced
    raise typer.Exit(ExitCode.REFUSED if is_wrong else ExitCode.OK)


def _document(code: str, statement: BillStatement) -> dict[str, object]:
    return {
        "code": code,
        "bill": statement.bill.reference,
        "rupiah": statement.bill.rupiah,
        "settled_at": statement.settled_at,
        "balanced": statement.balanced,
        "reopened_at": [each.reopened_at for each in statement.reopenings],
        "rows": [
            {
                "line": each.row.line,
                "member_ref": each.row.member_ref,
                "months": write_months(named.month for named in named_months(each.row.months)),
                "rupiah": each.row.rupiah,
                "shares": [{"member_ref": share.member_ref, "rupiah": share.rupiah} for share in each.shares],
                "difference": each.difference,
            }
            for each in statement.rows
        ],
    }


def _tell(output: Output, console: Console, statement: BillStatement) -> None:
    heads = (
        output.say("Baris", "Line"),
        output.say("Peserta", "Member"),
        "Rp",
        output.say("Dikreditkan", "Credited"),
        output.say("Selisih", "Difference"),
    )
    rows = [
        (
            str(each.row.line),
            each.row.member_ref,
            str(each.row.rupiah),
            ", ".join(f"{share.member_ref} {share.rupiah}" for share in each.shares),
            str(each.difference),
        )
        for each in statement.rows
    ]
    console.print(output.table(heads, rows), markup=False)
    for reopening in statement.reopenings:
        said = output.say("Terbuka lagi: transfer dikembalikan", "Open again: a transfer went back")
        console.print(f"{said}, {reopening.reopened_at:%Y-%m-%d}", markup=False)
