# SPDX-License-Identifier: Apache-2.0
"""``kartu collection number``: the numbers that members type at an ATM."""

import secrets
import sys
from threading import Event
from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.collection.payment_number import assign_many, assign_payment_number, end_payment_number
from cardservice.records import members, payment_numbers
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound
from cardservice.records.members import Member
from cardservice.records.payment_numbers import PaymentNumber
from hsm.errors import RateExceeded
from reader_tools.cli.bureau import open_records
from reader_tools.cli.key_caller import key_process
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

SHOWN_EVERY = 100
PAUSE_S = 1.0

app = typer.Typer(no_args_is_help=True)

MemberRef = Annotated[str, typer.Argument(help="The member, by the reference of the list.")]


@app.callback()
def number() -> None:
    """Payment numbers: random, so that they tell nothing about who has them.

    Example: kartu collection number show P-0001
    """


@app.command()
def assign(member_ref: MemberRef, as_json: AsJson = False) -> None:
    """Give a member a payment number; one who has a number keeps it.

    Example: kartu collection number assign P-0001
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, key_process(settings) as keys:
        member = _member(database, member_ref)
        given = assign_payment_number(
            database, member.member_id, sealer=keys.sealer, entropy=secrets.token_bytes, at=clock.now()
        )
    output.show(_document(member_ref, given), lambda console: _tell(output, console, given))


@app.command("assign-all")
def assign_all(as_json: AsJson = False) -> None:
    """Give a number to every member without one. Run it again after an interruption: nobody gets two.

    Each name is opened once, to be kept masked; the key process opens some ten a second, and this command goes at its pace.

    Example: kartu collection number assign-all
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    progress = Console(file=sys.stderr)
    done = 0

    def shown(_: PaymentNumber) -> None:
        nonlocal done
        done += 1
        if done % SHOWN_EVERY == 0 and not as_json:
            progress.print(f"{done} ...", markup=False)

    with open_records(settings) as database, key_process(settings) as keys:
        while True:
            try:
                assign_many(database, sealer=keys.sealer, entropy=secrets.token_bytes, now=clock.now, on_number=shown)
            except RateExceeded:
                Event().wait(PAUSE_S)
                continue
            break
    said = output.say(f"{done} nomor diberikan", f"{done} numbers given")
    output.show({"given": done}, lambda console: console.print(said, markup=False))


@app.command()
def show(member_ref: MemberRef, as_json: AsJson = False) -> None:
    """Show a member's payment number.

    Example: kartu collection number show P-0001
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database:
        member = _member(database, member_ref)
        with database.read() as connection:
            known = payment_numbers.of_member(connection, member.member_id)
    if known is None:
        raise RecordNotFound(record="payment-number")
    output.show(_document(member_ref, known), lambda console: _tell(output, console, known))


@app.command()
def end(member_ref: MemberRef, as_json: AsJson = False) -> None:
    """Let a member's number end: whoever pays to it is told that it expired. Assign a new one afterwards.

    Example: kartu collection number end P-0001
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database:
        member = _member(database, member_ref)
        ended = end_payment_number(database, member.member_id, clock.now())
    if not ended:
        raise RecordNotFound(record="payment-number")
    said = output.say("Nomor pembayaran berakhir", "The payment number has ended")
    output.show({"member_ref": member_ref, "ended": True}, lambda console: console.print(said, markup=False))


def _member(database: Database, member_ref: str) -> Member:
    with database.read() as connection:
        member = members.find_by_ref(connection, member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    return member


def _document(member_ref: str, number: PaymentNumber) -> dict[str, object]:
    return {
        "member_ref": member_ref,
        "number": number.number,
        "shown_name": number.shown_name,
        "assigned_at": number.assigned_at,
        "expires_at": number.expires_at,
    }


def _tell(output: Output, console: Console, number: PaymentNumber) -> None:
    groups = " ".join(number.number[start : start + 4] for start in range(0, len(number.number), 4))
    ended = "" if number.expires_at is None else f", {output.say('berakhir', 'ended')} {number.expires_at:%Y-%m-%d}"
    console.print(
        f"{output.say('Nomor pembayaran', 'Payment number')}: {groups} ({number.shown_name}){ended}", markup=False
    )
