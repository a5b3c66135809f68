# SPDX-License-Identifier: Apache-2.0
"""``kartu group move``: a leaver's months that lie ahead go to a joiner."""

import secrets
from typing import Annotated

import typer

from cardservice.collection.group.move import Move, move_months
from cardservice.coverage.month import ContributionMonth
from cardservice.enrolment.months_notation import write_months
from cardservice.records.group_bills import MAX_GROUP_REFERENCE
from cardservice.records.payments import MAX_REASON
from reader_tools.cli.bureau import priced
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings


def move(
    code: Annotated[str, typer.Argument(help="The group payer's code, such as KOP-MELATI.")],
    leaver: Annotated[str, typer.Option("--from", help="The member who leaves the group.")],
    joiner: Annotated[str, typer.Option("--to", help="The member of the group who takes the months over.")],
    first: Annotated[str, typer.Option(help="From which month on, YYYY-MM; it must not have begun.")],
    by: Person,
    reason: Annotated[str, typer.Option(help="Why; kept in the books.")],
    reference: Annotated[str, typer.Option(help="The move's own reference; asked twice, it is one move.")],
    as_json: AsJson = False,
) -> None:
    """Move all months from one on that the group paid for a leaver, to a joiner with the same programmes and prices.

    Months begun and answers given stay as they are; the moved months cover nothing before the moment of the move.

    Example: kartu group move KOP-MELATI --from P-0001 --to P-0002 --first 2027-01 --by ani --reason "left the village" --reference M-1
    """
    for text, most in ((reason, MAX_REASON), (reference, MAX_GROUP_REFERENCE)):
        if not text.strip() or len(text) > most or not text.isprintable():
            raise typer.BadParameter(f"1 to {most} printable characters")
    asked = Move(reference, leaver, joiner, ContributionMonth.parse(first), by, reason)
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with priced(settings) as (database, now, rules), database.begin() as connection:
        moved = move_months(connection, code, asked, new_id=lambda: secrets.token_hex(16), at=now, rules=rules)
    months = write_months(each.month for each in moved)
    rupiah = sum(each.rupiah for each in moved)
    document: dict[str, object] = {
        "code": code,
        "from": leaver,
        "to": joiner,
        "months": months,
        "rupiah": rupiah,
        "moved_at": moved[0].moved_at,
    }
    said = output.say("Bulan dipindahkan", "Months moved")
    output.show(document, lambda console: console.print(f"{said}: {months}, Rp{rupiah}", markup=False))
