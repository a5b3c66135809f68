# SPDX-License-Identifier: Apache-2.0
"""``kartu collection reverse``: a payment that was credited wrongly is taken back by a person."""

from typing import Annotated

import typer
from rich.console import Console

from cardservice.collection.reverse_by_person import reverse_by_person
from reader_tools.cli.bureau import priced
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.reason import Reason
from reader_tools.cli.settings import Settings

app = typer.Typer()


@app.command()
def reverse(
    reference: Annotated[str, typer.Argument(metavar="PAYMENT-REF", help="The partner's reference of the payment.")],
    partner: Annotated[str, typer.Option(help="The bank's or aggregator's id.")],
    by: Person,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Take a payment back, once: the months that it bought are owed again. Cover that was answered before stays as it was answered.

    The same command again changes nothing and shows how the payment was reversed. No money is moved: that is between the partner and the payer.

    Example: kartu collection reverse pay-0001 --partner BCA --by ani --reason "not in the bank's books"
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with priced(settings) as (database, at, rules):
        done = reverse_by_person(
            database, partner_id=partner, reference=reference, by=by, reason=reason, at=at, rules=rules
        )
    document = {
        "partner": done.payment.partner_id,
        "reference": done.payment.reference,
        "payment_id": done.payment.payment_id,
        "rupiah": done.payment.amount,
        "reason": done.reversal.reason,
        "reversed_at": done.reversal.reversed_at,
        "again": done.again,
    }

    def show(console: Console) -> None:
        if done.again:
            said = output.say("Sudah dibatalkan sebelumnya", "Was reversed before")
        else:
            said = output.say("Pembayaran dibatalkan", "Payment reversed")
        told = f"{done.payment.partner_id} {done.payment.reference} Rp{done.payment.amount:,} ({done.reversal.reason})"
        console.print(f"{said}: {told}", markup=False)

    output.show(document, show)
