# SPDX-License-Identifier: Apache-2.0
"""A counter with real records and real keys in memory, where cards are ordered, approved and made."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from applets.virtual.card import VirtualCard
from applets.virtual.factory import blank_chip
from cardservice.card_edge.dialogue import Card, run
from cardservice.card_edge.dialogues.chip import probe
from cardservice.card_edge.script import Script
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.order import approve_order, place_order
from cardservice.issuance.personalization import IssuedCard, Personalization
from cardservice.issuance.stock import receive_chips
from cardservice.records.orders import Order

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TRANSPORT_MASTER = bytes(range(0x40, 0x50)) * 2
PIN = b"271828"


@dataclass
class Clock:
    """Time that passes by a millisecond whenever somebody looks."""

    at: datetime = START

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Counter:
    bureau: Bureau
    scripts: list[Script] = field(default_factory=list)
    orders_placed: int = 0

    def approved_order(self, member_ref: str) -> Order:
        self.orders_placed += 1
        order = place_order(
            self.bureau, member_ref=member_ref, ordered_by="ani", idempotency_key=f"order-{self.orders_placed}"
        )
        approve_order(self.bureau, order_id=order.order_id, approver="budi")
        return approve_order(self.bureau, order_id=order.order_id, approver="citra")

    def blank_card(self, seed: int = 1, *, in_stock: bool = True) -> VirtualCard:
        entropy = random.Random(seed).randbytes
        card = VirtualCard(blank_chip(entropy=entropy, transport_master=TRANSPORT_MASTER), entropy=entropy)
        if in_stock:
            receive_chips(self.bureau, location="jakarta", chip_serials=[chip_serial(card)])
        return card

    def personalize(self, order: Order, card: Card) -> IssuedCard:
        making = Personalization(self.bureau, order.order_id, pin=PIN)

        def sending(script: Script) -> None:
            self.scripts.append(script)
            making.sending(script)

        return run(making.dialogue(), card, on_script=sending)


def chip_serial(card: VirtualCard) -> str:
    serial = run(probe(random.Random(0).randbytes), card).chip.chip_serial
    card.reset()
    return serial
