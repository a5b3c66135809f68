# SPDX-License-Identifier: Apache-2.0
"""A card that comes back to a counter gets cover proofs that say what is so now: what was paid since, and another 35 days.

1 the chip is known and its card live; 2 each proof on it is held against the card's standing; 3 intent stored; 4 the stale ones signed and
stored; 5 written under each sector's own keys and read back; 6 outcome and audit event. Torn anywhere, it is done again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.personalization_plan import ChipFacts
from cardservice.card_edge.dialogues.refresh_proofs import refresh_proofs
from cardservice.credentials import cover_proof
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.errors import CredentialError
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.credential_signing import sign_cover_proofs
from cardservice.issuance.errors import CardNotLive, ChipNotInStock
from cardservice.keys import Purpose, VerifyingKey
from cardservice.records import audit_events, cards, cover_proofs, journal, standing
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.card_state import CardState
from cardservice.records.cards import Card
from cardservice.records.connection import Connection
from cardservice.records.journal import Phase
from cardservice.records.standing import CardStanding

RENEWED_BEFORE_END = timedelta(
    days=14
)  # a member who comes by once a month always leaves with a proof that lasts to the next visit
STEP = "refresh cover proofs"


class Stale(StrEnum):
    """Why a proof is written anew."""

    PAID_THROUGH = "paid-through"  # another month is paid, or one was taken back
    ENDS_SOON = "ends-soon"
    RULES = "rules"  # made under another rule pack
    NOT_OURS = "not-ours"  # none, or none that our keys and this card's face would bear out


@dataclass(frozen=True, slots=True)
class RefreshedCard:
    """The card, and why each sector's proof was written anew; empty where all were good."""

    card_id: str
    chip_serial: str
    sectors: tuple[int, ...]
    written: Mapping[int, Stale]


class Refresh:
    """One visit. ``dialogue`` is run over the card by whoever holds it."""

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau
        self._card: Card | None = None
        self._faces: dict[int, CardStanding] = {}
        self._why: dict[int, Stale] = {}
        self._proof_keys: Sequence[VerifyingKey] = ()

    def dialogue(self) -> Dialogue[RefreshedCard]:
        """Refresh the card in the field. Raises ChipNotInStock, CardNotLive, CardNotAuthentic, and what the card or keys raise.

        The keys are asked first: where they are down, the card is not kept in the reader for nothing.
        """
        self._proof_keys = [self._bureau.keys.signer(Purpose.COVER_PROOF).verifying_key]
        keys, entropy = self._bureau.keys.card_keys, self._bureau.entropy
        done = yield from refresh_proofs(keys, entropy, sectors_of=self._find, renew=self._renew)
        card = self._required_card()
        if done.written:
            self._record(card, done.written)
        return RefreshedCard(card.card_id, card.chip_serial, tuple(self._faces), dict(self._why))

    def _find(self, chip: ChipFacts) -> Sequence[int]:
        with self._bureau.database.read() as connection:
            card = cards.find_by_chip_serial(connection, chip.chip_serial)
            if card is None:
                raise ChipNotInStock(chip_serial=chip.chip_serial)
            if card.state is not CardState.ACTIVE:
                raise CardNotLive(chip_serial=chip.chip_serial, state=card.state.value)
            self._faces = {face.sector: face for face in standing.of_card(connection, card.card_id)}
        self._card = card
        return tuple(self._faces)

    def _renew(self, on_card: Mapping[int, bytes]) -> Mapping[int, bytes]:
        card, at = self._required_card(), self._bureau.now()
        for sector, face in self._faces.items():
            why = stale(on_card[sector], face, keys=self._proof_keys, rule_pack=self._bureau.packs.at(at).number, at=at)
            if why is not None:
                self._why[sector] = why
        faces = {sector: self._faces[sector] for sector in self._why}
        return sign_anew(self._bureau, card, faces, self._why, at) if faces else {}

    def _record(self, card: Card, written: Mapping[int, bytes]) -> None:
        with self._bureau.database.begin() as connection:
            put_down(connection, card, written, _as_json(self._why), self._bureau.now())

    def _required_card(self) -> Card:
        assert self._card is not None, "the chip is known before any sector is asked"
        return self._card


def sign_anew(
    bureau: Bureau, card: Card, faces: Mapping[int, CardStanding], why: Mapping[int, Stale], at: datetime
) -> dict[int, bytes]:
    """New proofs of these faces: the intent and its reasons stored, signed, stored."""
    with bureau.database.begin() as connection:
        _append(connection, card, Phase.INTENT, _as_json(why), at)
    proofs = sign_cover_proofs(bureau, faces, rule_pack=bureau.packs.at(at).number, at=at)
    with bureau.database.begin() as connection:
        cover_proofs.add_all(connection, card.card_id, proofs, at=at)
    return proofs


def put_down(
    connection: Connection, card: Card, written: Mapping[int, bytes], why: dict[str, Json], at: datetime
) -> None:
    """What was written and read back, by its hash, and the audit event with the reasons."""
    _append(connection, card, Phase.OUTCOME, outcome_of(written), at)
    audit_events.append(connection, [AuditEvent("card.refreshed", at, why, card.card_id, card.member_id)])


def outcome_of(written: Mapping[int, bytes]) -> dict[str, Json]:
    """The detail of an outcome: SHA-256 of each proof, by sector."""
    return {f"{sector:02X}": sha256(proof).hexdigest() for sector, proof in written.items()}


def _as_json(why: Mapping[int, Stale]) -> dict[str, Json]:
    return {f"{sector:02X}": reason.value for sector, reason in why.items()}


def _append(connection: Connection, card: Card, phase: Phase, detail: dict[str, Json], at: datetime) -> None:
    order_id = card.order_id
    assert order_id is not None, "a live card has an order"
    journal.append(connection, card.card_id, order_id=order_id, step=STEP, phase=phase, detail=detail, at=at)


def stale(
    proof: bytes, face: CardStanding, *, keys: Sequence[VerifyingKey], rule_pack: int, at: datetime
) -> Stale | None:
    """Why a proof on the card is to be written anew; None for one that says what is so and lasts."""
    try:
        claims = cover_proof.verify_signed(proof, keys=keys, issuer=cover_proof.ISSUER, now=at).claims
    except CredentialError:
        return Stale.NOT_OURS
    return stale_claims(claims, face, rule_pack=rule_pack, at=at)


def stale_claims(claims: CoverClaims, face: CardStanding, *, rule_pack: int, at: datetime) -> Stale | None:
    """The same for a proof whose signature is known to be ours."""
    own = (face.face, face.key_point, face.status_list, face.status_index)
    if (claims.subject, claims.card_key, claims.status_list, claims.status_index) != own:
        return Stale.NOT_OURS
    if dict(claims.paid_through) != face.paid.stated_through(at):
        return Stale.PAID_THROUGH
    if claims.rule_pack != rule_pack:
        return Stale.RULES
    return Stale.ENDS_SOON if claims.expires_at - at < RENEWED_BEFORE_END else None
