# SPDX-License-Identifier: Apache-2.0
"""The keys a card made, taken into the records: gate, intent, signature, outcome, and the card's faces in ``card_standing``."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys, Credentials
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.credentials import thumbprint
from cardservice.credentials.certificate_check import authority_of, key_identifier_of
from cardservice.credentials.goodkey import require_good_card_key
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.issuance.binding import UNFINISHED
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.credential_signing import (
    Draft,
    draft_certificates,
    sign_certificates,
    sign_cover_proofs,
    spki_sha256,
)
from cardservice.issuance.errors import CardForAnotherOrder
from cardservice.issuance.identity import demand_identity
from cardservice.issuance.key_slots import piv_slot_name, points_by_slot, public_keys
from cardservice.issuance.status_place import take_status_place
from cardservice.records import card_keys, cards, certificates, cover_proofs, face_keys, journal, orders, standing
from cardservice.records.canonical_json import Json
from cardservice.records.card_keys import CardKey, KeyState
from cardservice.records.card_state import CardState
from cardservice.records.certificates import Certificate, CertificateState
from cardservice.records.connection import Connection
from cardservice.records.journal import Phase
from cardservice.records.standing import CardStanding, CardStatus


def certify(bureau: Bureau, card_id: str, order_id: str, keys: CardPublicKeys, holder_reference: str) -> Credentials:
    """Certificates and cover proofs for a new generation of keys.

    Raises KeyRefused for a key that is not good, PublicKeySeen for one that was seen before on any card, IdentityMismatch.
    """
    at = bureau.now()
    points = points_by_slot(keys)
    for point in points.values():
        require_good_card_key(point)
    drafts = draft_certificates(bureau, keys, holder_reference, at)
    # Asked before the transaction: no writer waits for the key process.
    pseudonyms = bureau.keys.pseudonyms.pseudonym_each(tuple(keys.sectors), bytes.fromhex(card_id))
    with bureau.database.begin() as connection:
        demand_identity(connection, orders.get(connection, order_id))
        generation = _new_generation(connection, card_id, points, at)
        _intend(connection, card_id, generation, drafts, at)
        faces = _faces(connection, bureau, card_id, keys.sectors, dict(zip(keys.sectors, pseudonyms, strict=True)), at)
        detail: dict[str, Json] = {slot: spki_sha256(point).hex() for slot, point in points.items()}
        journal.append(connection, card_id, order_id=order_id, step="certify", phase=Phase.INTENT, detail=detail, at=at)
    issued = sign_certificates(bureau, drafts)
    proofs = sign_cover_proofs(bureau, faces, rule_pack=bureau.packs.at(at).number, at=at)
    with bureau.database.begin() as connection:
        signed = {piv_slot_name(slot): der for slot, der in issued.items()}
        certificates.issue_all(connection, card_id, generation, signed, at=at)
        cover_proofs.add_all(connection, card_id, proofs, at=at)
        card_keys.set_generation(
            connection, card_id, generation, KeyState.CREATED, KeyState.CERTIFIED, count=len(points)
        )
        journal.append(
            connection,
            card_id,
            order_id=order_id,
            step="certify",
            phase=Phase.OUTCOME,
            detail={"generation": generation},
            at=at,
        )
    return Credentials(issued, proofs)


def known_credentials(
    connection: Connection, bureau: Bureau, order_id: str
) -> tuple[CardPublicKeys, Credentials] | None:
    """What an earlier attempt certified for this order's unfinished card, if it is complete; else the card makes new keys."""
    begun = [card for card in cards.of_order(connection, order_id) if card.state in UNFINISHED]
    if not begun:
        return None
    card_id = begun[0].card_id
    latest = [key for key in card_keys.of_card(connection, card_id) if key.state is KeyState.CERTIFIED]
    if not latest:
        return None
    generation = max(key.generation for key in latest)
    points = {key.slot: key.point for key in latest if key.generation == generation}
    keys = public_keys(points, bureau.sectors)
    if keys is None:
        return None
    issued = {slot: certificates.find(connection, card_id, piv_slot_name(slot), generation) for slot in keys.piv}
    proofs = {sector: cover_proofs.latest(connection, card_id, sector) for sector in keys.sectors}
    whole = {slot: row.der for slot, row in issued.items() if row is not None and row.der is not None}
    signed = {sector: row.proof for sector, row in proofs.items() if row is not None}
    if len(whole) != len(keys.piv) or len(signed) != len(keys.sectors):
        return None
    if not _under_the_ca_in_use(bureau, whole.values()):
        return None  # the CA was followed meanwhile, perhaps withdrawn: a card that is not live yet begins under the new one
    return keys, Credentials(whole, signed)


def abandon_keys(connection: Connection, card_id: str) -> int:
    """Give up the certified keys of a card that turned out to hold others; returns how many. They are never taken for this card again."""
    given_up = [key for key in card_keys.of_card(connection, card_id) if key.state is not KeyState.ABANDONED]
    for key in given_up:
        card_keys.set_state(connection, key, KeyState.ABANDONED)
    return len(given_up)


def _under_the_ca_in_use(bureau: Bureau, issued: Iterable[bytes]) -> bool:
    in_use = key_identifier_of(bureau.keys.ca_certificate)
    return all(authority_of(der) == in_use for der in issued)


def _new_generation(connection: Connection, card_id: str, points: dict[str, bytes], at: datetime) -> int:
    earlier = card_keys.of_card(connection, card_id)
    generation = 1 + max((key.generation for key in earlier), default=0)
    for key in earlier:
        if key.state is not KeyState.ABANDONED:
            card_keys.set_state(connection, key, KeyState.ABANDONED)
    made = [
        CardKey(card_id, slot, generation, spki_sha256(point), point, KeyState.CREATED, at)
        for slot, point in points.items()
    ]
    card_keys.add_all(connection, made)
    return generation


def _intend(
    connection: Connection, card_id: str, generation: int, drafts: dict[KeyReference, Draft], at: datetime
) -> None:
    intents = [
        Certificate(card_id, piv_slot_name(slot), generation, draft.serial, draft.tbs_hash, CertificateState.INTENT, at)
        for slot, draft in drafts.items()
    ]
    certificates.intend_all(connection, intents)


def _faces(
    connection: Connection,
    bureau: Bureau,
    card_id: str,
    points: Mapping[int, bytes],
    pseudonyms: Mapping[int, bytes],
    at: datetime,
) -> dict[int, CardStanding]:
    """The card's face in each sector: a new one, or the old one with its new key."""
    known = {face.sector: face for face in standing.of_card(connection, card_id)}
    card = cards.get(connection, card_id)
    if card.member_id is None:
        raise CardForAnotherOrder(order_id=card.order_id or "-")
    paid = paid_record(connection, card.member_id)
    faces: dict[int, CardStanding] = {}
    for sector, point in points.items():
        thumb = thumbprint.digest(point)
        if sector in known:
            face_keys.replace_key(connection, card_id, sector, key_thumbprint=thumb, key_point=point, at=at)
            faces[sector] = replace(known[sector], key_thumbprint=thumb, key_point=point, updated_at=at)
            continue
        place = take_status_place(connection, bureau.entropy)
        while place in {(face.status_list, face.status_index) for face in faces.values()}:  # not written yet
            place = take_status_place(connection, bureau.entropy)
        faces[sector] = CardStanding(
            card_id=card_id,
            sector=sector,
            face=pseudonyms[sector],
            key_thumbprint=thumb,
            key_point=point,
            member_id=card.member_id,
            life_cycle=CardState(card.state),
            status=CardStatus.INVALID,
            paid=paid,
            status_list=place[0],
            status_index=place[1],
            updated_at=at,
        )
    standing.add_all(connection, [face for sector, face in faces.items() if sector not in known])
    return faces
