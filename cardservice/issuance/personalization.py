# SPDX-License-Identifier: Apache-2.0
"""One order on its way from approved to a live card: what is written down before and after each thing the card hears.

1 the plan is made; 2 hashed, stored, and the chip bound to the order, in one transaction before the first write; 3 the card makes its keys; 4 intent to certify
stored, certified, stored; 5 written, read back, signed with live; 6 ACTIVE, standing VALID and audit event in one transaction.
Nothing that is not at 6 verifies anywhere. A torn card is finished by doing it again: the card is read first, the records second.
"""

import json
from dataclasses import dataclass
from hashlib import sha256

from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.personalization_plan import (
    CardPublicKeys,
    ChipFacts,
    Credentials,
    Personalized,
    Plan,
)
from cardservice.card_edge.dialogues.personalize import personalize
from cardservice.card_edge.errors import TapNotProven, UnexpectedResponse
from cardservice.card_edge.script import Script
from cardservice.enrolment.holder_name import open_name
from cardservice.issuance.binding import bind_chip, plan_context
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.certification import abandon_keys, certify, known_credentials
from cardservice.issuance.credential_signing import CARD_LIFE
from cardservice.issuance.errors import IdentityMismatch, OrderNotReady
from cardservice.issuance.identity import demand_identity
from cardservice.issuance.life_cycle import Mover
from cardservice.issuance.moving import move_card
from cardservice.issuance.piv_profile import PivIdentity, piv_objects
from cardservice.keys import KeyVersions
from cardservice.records import audit_events, cards, journal, members, orders, plans
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.card_state import CardState
from cardservice.records.journal import Phase
from cardservice.records.orders import OrderState

PUK_LENGTH = 8
READY = frozenset({OrderState.APPROVED, OrderState.BOUND})


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A card that is live."""

    card_id: str
    chip_serial: str
    holder_reference: str
    sectors: tuple[int, ...]


class Personalization:
    """One order at one bureau. ``dialogue`` is run over a card by whoever holds one; ``sending`` is told each script before it is sent."""

    def __init__(self, bureau: Bureau, order_id: str, *, pin: bytes) -> None:
        self._bureau = bureau
        self._order_id = order_id
        self._pin = pin
        self._puk = bureau.entropy(PUK_LENGTH)
        self._card_id: str | None = None
        self._holder_reference = ""
        self._described: bytes | None = None  # the plan, until it is stored

    def dialogue(self) -> Dialogue[IssuedCard]:
        """Begin or resume. Raises OrderNotReady, ChipNotInStock, ChipNotBlank, CardForAnotherOrder, and what the card or keys raise.

        IdentityMismatch, at any step: the registry has answered meanwhile. The card stays unfinished, and is resumed once a person has looked.
        """
        try:
            return (yield from self._made())
        except IdentityMismatch:
            self._tell_held()
            raise

    def _made(self) -> Dialogue[IssuedCard]:
        plan, known = self._prepared()
        try:
            done = yield from self._run(plan, known)
        except (UnexpectedResponse, TapNotProven):
            if known is None:
                raise
            # The card does not hold the keys that the records believe in: they are given up, and the card makes new ones.
            self._abandon()
            done = yield from self._run(plan, None)
        return self._activate(done)

    def sending(self, script: Script) -> None:
        """Record the intent: which script, how many commands and bytes, its hash. The first one, a look at the chip, has no card yet."""
        if self._card_id is None:
            return
        sent = b"".join(step.command.encode() for step in script.steps)
        detail: dict[str, Json] = {"apdus": script.apdus, "bytes": len(sent), "sha256": sha256(sent).hexdigest()}
        with self._bureau.database.begin() as connection:
            journal.append(
                connection,
                self._card_id,
                order_id=self._order_id,
                step=script.title,
                phase=Phase.INTENT,
                detail=detail,
                at=self._bureau.now(),
            )

    def _prepared(self) -> tuple[Plan, tuple[CardPublicKeys, Credentials] | None]:
        at = self._bureau.now()
        sealer = self._bureau.keys.sealer
        with self._bureau.database.read() as connection:
            order = orders.get(connection, self._order_id)
            if order.state not in READY:
                raise OrderNotReady(order_id=self._order_id, state=order.state.value)
            demand_identity(connection, order)
            stored = plans.find(connection, self._order_id)
            member = members.get(connection, order.member_id)
            known = known_credentials(connection, self._bureau, self._order_id)
        if stored is None or stored.objects_sealed is None:
            identity = PivIdentity.new(self._bureau.entropy)
            expires = (at + CARD_LIFE).date()
            name = open_name(sealer, member, reason="personalization")
            objects = piv_objects(identity, holder_name=name, expires=expires)
            described = json.dumps(
                {
                    "reference": identity.holder_reference,
                    "objects": {f"{tag:X}": value.hex() for tag, value in objects.items()},
                }
            ).encode()
            self._described = described
        else:
            described = sealer.unseal(
                plan_context(self._order_id), stored.objects_sealed, reason="resume personalization"
            )
        told = json.loads(described)
        self._holder_reference = str(told["reference"])
        objects = {int(tag, 16): bytes.fromhex(value) for tag, value in told["objects"].items()}
        return Plan(objects, self._bureau.sectors, self._pin, self._puk), known

    def _run(self, plan: Plan, known: tuple[CardPublicKeys, Credentials] | None) -> Dialogue[Personalized]:
        keys, entropy = self._bureau.keys.card_keys, self._bureau.entropy
        return personalize(plan, keys, entropy, bind=self._bind, certify=self._certify, known=known)

    def _tell_held(self) -> None:
        """On the trail: the card was stopped, so that whoever reads it knows why an approved order is not done."""
        at = self._bureau.now()
        with self._bureau.database.begin() as connection:
            order = orders.get(connection, self._order_id)
            detail: dict[str, Json] = {"order": order.order_id, "why": IdentityMismatch.code}
            audit_events.append(connection, [AuditEvent("order.held", at, detail, self._card_id, order.member_id)])

    def _abandon(self) -> None:
        card_id, at = self._required_card(), self._bureau.now()
        with self._bureau.database.begin() as connection:
            detail: dict[str, Json] = {"keys": abandon_keys(connection, card_id)}
            journal.append(
                connection,
                card_id,
                order_id=self._order_id,
                step="abandon keys",
                phase=Phase.OUTCOME,
                detail=detail,
                at=at,
            )

    def _bind(self, chip: ChipFacts) -> KeyVersions:
        bound = bind_chip(self._bureau, self._order_id, chip, self._puk, described=self._described)
        self._card_id, key_versions = bound
        self._described = None
        return key_versions

    def _certify(self, _: ChipFacts, keys: CardPublicKeys) -> Credentials:
        return certify(self._bureau, self._required_card(), self._order_id, keys, self._holder_reference)

    def _activate(self, done: Personalized) -> IssuedCard:
        card_id, at = self._required_card(), self._bureau.now()
        with self._bureau.database.begin() as connection:
            demand_identity(connection, orders.get(connection, self._order_id))
            card = cards.get(connection, card_id)
            card = move_card(connection, card, CardState.ACTIVE, Mover.CARD, at, through=(CardState.PERSONALIZED,))
            orders.set_state(connection, self._order_id, OrderState.BOUND, OrderState.DONE, at)
            plans.wipe(connection, self._order_id, at)
            detail: dict[str, Json] = {"order": self._order_id, "objects": done.objects_sha256}
            journal.append(
                connection, card_id, order_id=self._order_id, step="active", phase=Phase.OUTCOME, detail=detail, at=at
            )
            audit_events.append(connection, [AuditEvent("card.active", at, detail, card_id, card.member_id)])
        return IssuedCard(card_id, card.chip_serial, self._holder_reference, self._bureau.sectors)

    def _required_card(self) -> str:
        if self._card_id is None:
            raise OrderNotReady(order_id=self._order_id, state="no card bound")
        return self._card_id
