# SPDX-License-Identifier: Apache-2.0
"""One order on its way to a live card in a reader of this machine: what ``card personalize`` and ``card resume`` have in common."""

import sys
from pathlib import Path

from rich.console import Console

from cardservice.card_edge.dialogue import run
from cardservice.card_edge.script import Script
from cardservice.errors import KartuError
from cardservice.issuance.binding import UNFINISHED
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.errors import OrderNotReady
from cardservice.issuance.personalization import READY, IssuedCard, Personalization
from cardservice.keys import Purpose
from cardservice.records import cards, orders
from cardservice.records.errors import StateConflict
from cardservice.records.orders import OrderState
from hsm.errors import KeyNotActive
from reader_tools.cli.bureau import open_bureau
from reader_tools.cli.contact import contact
from reader_tools.cli.output import Output
from reader_tools.cli.pin import read_pin
from reader_tools.cli.settings import Settings
from reader_tools.cli.step_list import StepList
from reader_tools.errors import TornCardMasterEnded


def make_card(order_id: str, *, reader: str | None, pin_file: Path | None, begun: bool, as_json: bool) -> None:
    """Personalize, or with ``begun`` finish what was begun. The order is looked at before anybody types a PIN.

    A card that is finished gets the proofs that were signed when it was begun, and what was paid since in the same contact.
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_bureau(settings) as bureau:
        state = _state(bureau, order_id)
        _require(state, order_id, begun=begun)
        making = Personalization(bureau, order_id, pin=read_pin(output, pin_file))
        steps = StepList(output)

        def sending(script: Script) -> None:
            steps.sending(script)
            making.sending(script)

        try:
            with contact(settings, reader, renew=state is OrderState.BOUND) as held:
                with steps:
                    issued = run(making.dialogue(), held.card, on_script=sending)
                renewed = held.renew()
        except KeyNotActive as ended:
            raise _given_up(bureau, order_id, ended) from ended
        except (KartuError, KeyboardInterrupt):
            _say_how_to_go_on(output, bureau, order_id)
            raise

    def people(console: Console) -> None:
        _tell(output, console, issued)
        renewed.tell(output, console)

    output.show(_document(order_id, issued, steps) | {"cover_proofs": renewed.document}, people)


def _state(bureau: Bureau, order_id: str) -> OrderState:
    with bureau.database.read() as connection:
        return orders.get(connection, order_id).state


def _require(state: OrderState, order_id: str, *, begun: bool) -> None:
    if begun and state is not OrderState.BOUND:
        raise StateConflict(record="order", expected=OrderState.BOUND.value, found=state.value)
    if state not in READY:
        raise OrderNotReady(order_id=order_id, state=state.value)


def _given_up(bureau: Bureau, order_id: str, ended: KeyNotActive) -> KartuError:
    """What a person can do about a card that was begun under a master which has ended since; else the error itself."""
    purpose = ended.evidence.get("purpose")
    if purpose not in {Purpose.CARD_MASTER, Purpose.SECTOR_MASTER}:
        return ended
    with bureau.database.read() as connection:
        begun = [card for card in cards.of_order(connection, order_id) if card.state in UNFINISHED]
    if not begun:
        return ended
    return TornCardMasterEnded(
        chip_serial=begun[0].chip_serial,
        order_id=order_id,
        purpose=purpose,
        version=f"{ended.evidence.get('version', 0):02X}",
    )


def _say_how_to_go_on(output: Output, bureau: Bureau, order_id: str) -> None:
    """A card that was begun is not lost: the person learns the command before the error itself."""
    try:
        begun = _state(bureau, order_id) is OrderState.BOUND
    except KartuError:
        return  # the books are what failed, and the error itself says so
    if output.as_json or not begun:
        return
    said = output.say("Kartu sudah dimulai; lanjutkan dengan", "The card was begun; go on with")
    console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
    console.print(f"{said}: kartu card resume {order_id}", markup=False)


def _document(order_id: str, issued: IssuedCard, steps: StepList) -> dict[str, object]:
    return {
        "order_id": order_id,
        "card_id": issued.card_id,
        "chip_serial": issued.chip_serial,
        "holder_reference": issued.holder_reference,
        "sectors": list(issued.sectors),
        "state": "ACTIVE",
        "scripts": steps.documents,
        "ms": round(steps.seconds * 1000, 1),
    }


def _tell(output: Output, console: Console, issued: IssuedCard) -> None:
    said = output.say("Kartu aktif", "The card is live")
    sectors = " ".join(f"{sector:02X}" for sector in issued.sectors)
    console.print(
        f"{said}: {issued.holder_reference}, {output.say('cip', 'chip')} {issued.chip_serial}, "
        f"{output.say('sektor', 'sectors')} {sectors}",
        markup=False,
    )
