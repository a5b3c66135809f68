# SPDX-License-Identifier: Apache-2.0
"""A blank chip meets an approved order: recorded before the first write, so that no card is ever begun that nobody knows of."""

from hashlib import sha256

from cardservice.card_edge.dialogues.personalization_plan import ChipFacts
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.errors import CardForAnotherOrder, ChipNotBlank, ChipNotInStock, OrderNotReady
from cardservice.issuance.identity import demand_identity
from cardservice.issuance.key_versions import BIND, KEY_VERSIONS, RESUME, key_versions_of, key_versions_written
from cardservice.issuance.life_cycle import Mover, require_may_follow
from cardservice.keys import ISSUER_SECTOR, KeyVersions
from cardservice.records import audit_events, card_secrets, cards, journal, orders, plans
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.card_secrets import SecretKind
from cardservice.records.card_state import CardState
from cardservice.records.cards import Card
from cardservice.records.connection import Connection
from cardservice.records.journal import Phase
from cardservice.records.orders import Order, OrderState
from cardservice.records.sealing_context import sealing_context

UNFINISHED = frozenset({CardState.BOUND, CardState.PERSONALIZED})


def bind_chip(
    bureau: Bureau, order_id: str, chip: ChipFacts, puk: bytes, *, described: bytes | None = None
) -> tuple[str, KeyVersions]:
    """Bind, or find the binding that an earlier attempt made; returns the card's identifier and its key version numbers.

    The versions are those of the masters that were current when the chip was bound, and are written down with it.
    ``described`` is a plan not stored yet: it is sealed and stored in the transaction that binds. Raises ChipNotInStock, ChipNotBlank,
    CardForAnotherOrder, OrderNotReady, MemberHasLiveCard, PlanConflict, IdentityMismatch.
    """
    at = bureau.now()
    with bureau.database.begin() as connection:
        order = orders.get(connection, order_id)
        demand_identity(connection, order)
        card = cards.find_by_chip_serial(connection, chip.chip_serial)
        if card is None:
            raise ChipNotInStock(chip_serial=chip.chip_serial)
        begun = card.state in UNFINISHED and card.order_id == order_id
        if not begun:
            _require_free(connection, order, card, chip)
            require_may_follow(card.state, CardState.BOUND, Mover.CARD)
            cards.bind(connection, card.card_id, member_id=order.member_id, order_id=order_id, kdd=chip.kdd, at=at)
            orders.set_state(connection, order_id, OrderState.APPROVED, OrderState.BOUND, at)
            versions: KeyVersions = bureau.keys.card_keys.current_versions((ISSUER_SECTOR, *bureau.sectors))
        elif card.kdd != chip.kdd:
            raise CardForAnotherOrder(order_id=order_id)
        else:
            versions = key_versions_of(connection, card.card_id, bureau.sectors, bureau.keys.card_keys)
        secrets = [(sealing_context("card_secrets", "puk", card.card_id), puk)]
        if described is not None:
            secrets.append((plan_context(order_id), described))
        sealed = bureau.keys.sealer.seal(secrets)
        if described is not None:
            plans.store(connection, plans.Plan(order.member_id, order_id, sha256(described).digest(), sealed[1], at))
        card_secrets.store(connection, card.card_id, SecretKind.PUK, sealed[0], at)
        step = RESUME if begun else BIND
        detail: dict[str, Json] = {
            "chip": chip.chip_serial,
            "keys": [f"{version:02X}" for version in sorted(chip.key_versions)],
            KEY_VERSIONS: key_versions_written(versions),
        }
        journal.append(
            connection, card.card_id, order_id=order_id, step=step, phase=Phase.OUTCOME, detail=detail, at=at
        )
        event = AuditEvent(f"card.{step}", at, {"order": order_id}, card.card_id, order.member_id)
        audit_events.append(connection, [event])
    return card.card_id, versions


def plan_context(order_id: str) -> str:
    """Where the sealed objects of an order's plan live."""
    return sealing_context("plans", "objects", order_id)


def _require_free(connection: Connection, order: Order, card: Card, chip: ChipFacts) -> None:
    if card.state is not CardState.STOCK or any(
        other.state in UNFINISHED for other in cards.of_order(connection, order.order_id)
    ):
        raise CardForAnotherOrder(order_id=order.order_id)
    if order.state is not OrderState.APPROVED:
        raise OrderNotReady(order_id=order.order_id, state=order.state.value)
    if not chip.blank:
        raise ChipNotBlank(chip_serial=chip.chip_serial)
