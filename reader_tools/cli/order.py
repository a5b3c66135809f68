# SPDX-License-Identifier: Apache-2.0
"""``kartu order``: order a card for a member, approve it as somebody else, see what waits."""

from typing import Annotated, Any

import typer
from rich.console import Console

from cardservice.issuance.order import approve_order, place_order
from cardservice.records import approvals, members, orders
from cardservice.records.approvals import APPROVALS_NEEDED
from cardservice.records.connection import Connection
from cardservice.records.orders import MAX_IDEMPOTENCY_KEY, Order, OrderState
from reader_tools.cli.bureau import open_bureau, open_records
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)

STATES = {
    OrderState.ORDERED: ("menunggu persetujuan", "waits for approval"),
    OrderState.APPROVED: ("disetujui, siap dicetak", "approved, ready to be made"),
    OrderState.BOUND: ("kartu sedang dibuat", "card being made"),
    OrderState.DONE: ("selesai", "done"),
    OrderState.VOID: ("batal", "void"),
}


def _key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= MAX_IDEMPOTENCY_KEY and key.isprintable()):
        raise typer.BadParameter(f"1 to {MAX_IDEMPOTENCY_KEY} printable characters")
    return key


@app.callback()
def order() -> None:
    """Orders for cards: one person places an order, two others approve it.

    Example: kartu order list
    """


@app.command()
def place(
    member_ref: Annotated[str, typer.Argument(help="The member's reference, such as P-0001.")],
    by: Person,
    key: Annotated[
        str | None,
        typer.Option(
            help="Idempotency key: the same key again gives the same order. Default: a new order each time.",
            callback=_key,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Order a card for a member.

    Example: kartu order place P-0001 --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_bureau(settings) as bureau:
        placed = place_order(
            bureau, member_ref=member_ref, ordered_by=by, idempotency_key=key or f"kartu-{bureau.identifier()}"
        )
        with bureau.database.read() as connection:
            document = _document(connection, placed)
    _show(output, document)


@app.command()
def approve(
    order_id: Annotated[str, typer.Argument(help="The order.")],
    by: Person,
    as_json: AsJson = False,
) -> None:
    """Approve an order of somebody else; the second approval makes it ready.

    Example: kartu order approve 0123456789abcdef0123456789abcdef --by budi
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_bureau(settings) as bureau:
        approved = approve_order(bureau, order_id=order_id, approver=by)
        with bureau.database.read() as connection:
            document = _document(connection, approved)
    _show(output, document)


@app.command("list")
def list_orders(
    state: Annotated[
        OrderState | None, typer.Option(case_sensitive=False, help="Only orders in this state.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The oldest so many of each state.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List orders, oldest first.

    Example: kartu order list --state approved
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        found = [
            order
            for wanted in ([state] if state else OrderState)
            for order in orders.in_state(connection, wanted, limit)
        ]
        documents = [_document(connection, order) for order in sorted(found, key=lambda order: order.created_at)]

    def people(console: Console) -> None:
        heads = (
            output.say("Pesanan", "Order"),
            output.say("Peserta", "Member"),
            output.say("Keadaan", "State"),
            output.say("Dipesan oleh", "Ordered by"),
            output.say("Disetujui oleh", "Approved by"),
        )
        rows = [
            (row["order_id"], row["member_ref"], row["state"], row["ordered_by"], ", ".join(row["approvals"]))
            for row in documents
        ]
        console.print(output.table(heads, [tuple(map(str, row)) for row in rows]), markup=False)

    output.show({"orders": documents}, people)


def _document(connection: Connection, order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "member_ref": members.get(connection, order.member_id).external_ref,
        "state": order.state,
        "ordered_by": order.ordered_by,
        "approvals": [approval.approver for approval in approvals.of_order(connection, order.order_id)],
        "approvals_needed": APPROVALS_NEEDED,
        "created_at": order.created_at,
    }


def _show(output: Output, document: dict[str, Any]) -> None:
    given = f"{len(document['approvals'])}/{document['approvals_needed']}"

    def people(console: Console) -> None:
        said = output.say("Pesanan", "Order"), output.say("untuk", "for"), output.say(*STATES[document["state"]])
        console.print(
            f"{said[0]} {document['order_id']} {said[1]} {document['member_ref']}: {said[2]} ({given})", markup=False
        )
        if document["state"] is OrderState.ORDERED:
            console.print(
                f"-> kartu order approve {document['order_id']} --by {output.say('NAMA', 'NAME')}", markup=False
            )
        elif document["state"] is OrderState.APPROVED:
            console.print(f"-> kartu card personalize {document['order_id']}", markup=False)

    output.show(document, people)
