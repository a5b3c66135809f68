# SPDX-License-Identifier: Apache-2.0
"""``kartu agent void`` and ``bounce``: a receipt that counts no more, and a remittance whose money went back."""

from typing import Annotated

import typer

from cardservice import clock
from cardservice.collection.cash.bounce import bounce_remittance
from cardservice.collection.cash.void import void_receipt
from reader_tools.cli.bureau import open_records, priced
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.reason import Reason
from reader_tools.cli.settings import Settings


def void(
    code: Annotated[str, typer.Argument(help="The agent's code, such as AGEN-7.")],
    number: Annotated[int, typer.Option(min=1, help="The receipt's number.")],
    by: Person,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Make a receipt void, once: its payment is taken back, its commission with it, and the agent no longer holds its cash.

    What was remitted for it pays for the agent's next receipts. The same command again changes nothing.

    Example: kartu agent void AGEN-7 --number 1 --by ani --reason "wrong member; cash given back"
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with priced(settings) as (database, at, rules), database.begin() as connection:
        done = void_receipt(connection, code, number, by=by, reason=reason, at=at, rules=rules)
    document: dict[str, object] = {
        "code": code,
        "number": number,
        "rupiah": done.receipt.rupiah,
        "commission_reversed": {"agent": done.receipt.agent_rupiah, "body": done.receipt.body_rupiah},
        "reason": done.void.reason,
        "voided_at": done.void.voided_at,
        "held": done.held.rupiah,
        "owed_to_agent": done.owed_to_agent,
        "again": done.again,
    }
    said = (
        output.say("Sudah batal sebelumnya", "Was void before") if done.again else output.say("Kuitansi batal", "Void")
    )
    output.show(
        document, lambda console: console.print(f"{said}: {code} {number} Rp{done.receipt.rupiah:,}", markup=False)
    )


def bounce(
    code: Annotated[str, typer.Argument(help="The agent's code, such as AGEN-7.")],
    reference: Annotated[str, typer.Option(help="The reference of the remittance.")],
    by: Person,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Take a remittance back, once: its receipts are unremitted again, each at its own age, and the alarm looks at once.

    Members keep their cover: they paid. The same command again changes nothing.

    Example: kartu agent bounce AGEN-7 --reference S-1 --by ani --reason "returned by the bank"
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        done = bounce_remittance(connection, code, reference, by=by, reason=reason, at=clock.now())
    document: dict[str, object] = {
        "code": code,
        "reference": reference,
        "rupiah": done.remittance.rupiah,
        "reason": done.bounce.reason,
        "bounced_at": done.bounce.bounced_at,
        "held": done.held.rupiah,
        "oldest_days": done.held.oldest_days,
        "stopped_for": done.stopped,
        "again": done.again,
    }
    said = output.say("Setoran dikembalikan; masih dipegang", "The remittance went back; still held")
    output.show(document, lambda console: console.print(f"{said}: Rp{done.held.rupiah:,}", markup=False))
