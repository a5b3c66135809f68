# SPDX-License-Identifier: Apache-2.0
"""``kartu group bounce``: a group's transfer went back, and what it paid is open again."""

from typing import Annotated

import typer
from rich.console import Console

from cardservice.collection.group.bounce import Bounced, bounce_sum
from reader_tools.cli.bureau import priced
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.reason import Reason
from reader_tools.cli.settings import Settings


def bounce(
    code: Annotated[str, typer.Argument(help="The group payer's code, such as KOP-MELATI.")],
    reference: Annotated[str, typer.Option(help="The reference under which the sum was told.")],
    by: Person,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Take a group's sum back, once: bills that its money paid are open again, and their members' months are owed again.

    What the deposit still pays for stays paid. Answers given before stay as they were. The same command again changes nothing.

    Example: kartu group bounce KOP-MELATI --reference TRF-1 --by ani --reason "returned by the bank"
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with priced(settings) as (database, at, rules), database.begin() as connection:
        done = bounce_sum(connection, code, reference, by=by, reason=reason, at=at, rules=rules)
    output.show(_document(code, done), lambda console: _tell(output, console, done))


def _document(code: str, done: Bounced) -> dict[str, object]:
    return {
        "code": code,
        "reference": done.received.reference,
        "rupiah": done.received.rupiah,
        "reason": done.bounce.reason,
        "bounced_at": done.bounce.bounced_at,
        "bills_reopened": [bill.reference for bill in done.reopened],
        "deposit": done.deposit,
        "again": done.again,
    }


def _tell(output: Output, console: Console, done: Bounced) -> None:
    if done.again:
        said = output.say("Sudah dicatat sebelumnya", "Was told before")
    else:
        said = output.say("Transfer dikembalikan", "The transfer went back")
    console.print(f"{said}: {done.received.reference} Rp{done.received.rupiah:,}", markup=False)
    reopened = ", ".join(bill.reference for bill in done.reopened) or "-"
    opened = output.say("Tagihan terbuka lagi", "Bills open again")
    console.print(f"{opened}: {reopened}; {output.say('titipan', 'deposit')} Rp{done.deposit:,}", markup=False)
