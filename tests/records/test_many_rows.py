# SPDX-License-Identifier: Apache-2.0
"""A card's rows written by one statement: all or none, refused by the same constraints with the same errors as one by one."""

from dataclasses import replace

import pytest

from cardservice.records import card_keys, card_secrets, certificates, cover_proofs, standing
from cardservice.records.card_keys import CardKey, KeyState
from cardservice.records.card_secrets import SecretKind
from cardservice.records.certificates import Certificate, CertificateState
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import (
    CertificateConflict,
    ConstraintRefused,
    PublicKeySeen,
    StandingConflict,
    StateConflict,
)
from tests.records import rows

SLOTS = ("9A", "9C", "9E", "S01")


def keys_of(card_id: str, first: int = 1, generation: int = 1) -> list[CardKey]:
    return [rows.card_key(first + place, card_id, slot, generation) for place, slot in enumerate(SLOTS)]


def intents(card_id: str) -> list[Certificate]:
    return [
        Certificate(
            card_id,
            slot,
            1,
            rows.octets("serial", number, 20),
            rows.octets("tbs", number, 32),
            CertificateState.INTENT,
            rows.NOW,
        )
        for number, slot in enumerate(SLOTS)
    ]


def bound_with_keys(connection: Connection) -> str:
    card_id = rows.bind_card(connection, 1).card_id
    card_keys.add_all(connection, keys_of(card_id))
    return card_id


def test_keys_are_added_and_certified_together(database: Database) -> None:
    with database.begin() as connection:
        card_id = bound_with_keys(connection)
        assert card_keys.of_card(connection, card_id) == tuple(keys_of(card_id))
        card_keys.set_generation(connection, card_id, 1, KeyState.CREATED, KeyState.CERTIFIED, count=len(SLOTS))
        assert {key.state for key in card_keys.of_card(connection, card_id)} == {KeyState.CERTIFIED}
        with pytest.raises(StateConflict):
            card_keys.set_generation(connection, card_id, 1, KeyState.CREATED, KeyState.CERTIFIED, count=len(SLOTS))


def test_one_key_of_many_that_was_seen_refuses_all_and_is_named(database: Database) -> None:
    with database.begin() as connection:
        bound_with_keys(connection)
        other = rows.bind_card(connection, 2).card_id
        fresh = keys_of(other, first=50)
        seen = [*fresh[:2], replace(fresh[2], spki_sha256=rows.card_key(1, other).spki_sha256), fresh[3]]
        twice = [*fresh[:3], replace(fresh[3], spki_sha256=fresh[1].spki_sha256)]
        for refused, slot in ((seen, "9E"), (twice, "9C")):
            with pytest.raises(PublicKeySeen) as caught:
                card_keys.add_all(connection, refused)
            assert caught.value.evidence == {"card_id": other, "slot": slot}
        # The transaction goes on, and none of the refused stayed behind.
        assert card_keys.of_card(connection, other) == ()
        card_keys.add_all(connection, fresh)
        with pytest.raises(PublicKeySeen) as caught:
            card_keys.add_all(connection, keys_of(other, first=70))  # same places, other keys
        assert caught.value.evidence["slot"] == "9A"
        card_keys.add_all(connection, [])
        assert card_keys.of_card(connection, other) == tuple(fresh)


def test_certificates_are_intended_and_issued_together(database: Database) -> None:
    with database.begin() as connection:
        card_id = bound_with_keys(connection)
        wanted = intents(card_id)
        certificates.intend_all(connection, wanted)
        assert certificates.of_card(connection, card_id) == tuple(wanted)
        with pytest.raises(CertificateConflict):
            certificates.intend_all(connection, wanted)
        signed = {slot: b"DER " + slot.encode() for slot in SLOTS}
        certificates.issue_all(connection, card_id, 1, signed, at=rows.LATER)
        found = certificates.of_card(connection, card_id)
        assert {row.slot: (row.state, row.der, row.issued_at) for row in found} == {
            slot: (CertificateState.ISSUED, der, rows.LATER) for slot, der in signed.items()
        }
        with pytest.raises(StateConflict):
            certificates.issue_all(connection, card_id, 1, signed, at=rows.LATER)


def test_a_serial_used_before_refuses_all_intents(database: Database) -> None:
    with database.begin() as connection:
        card_id = bound_with_keys(connection)
        wanted = intents(card_id)
        wanted[3] = replace(wanted[3], serial=wanted[0].serial)
        with pytest.raises(CertificateConflict):
            certificates.intend_all(connection, wanted)
        assert certificates.of_card(connection, card_id) == ()


def test_an_intent_that_was_given_up_is_not_issued_among_others(database: Database) -> None:
    with database.begin() as connection:
        card_id = bound_with_keys(connection)
        certificates.intend_all(connection, intents(card_id))
        certificates.abandon(connection, card_id, "9C", 1)
    with pytest.raises(StateConflict), database.begin() as connection:
        certificates.issue_all(connection, card_id, 1, dict.fromkeys(SLOTS, b"DER"), at=rows.LATER)
    with database.read() as connection:
        states = {row.slot: row.state for row in certificates.of_card(connection, card_id)}
    assert states == dict.fromkeys(SLOTS, CertificateState.INTENT) | {"9C": CertificateState.ABANDONED}


def test_proofs_take_each_sectors_next_generation(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        cover_proofs.add(connection, card_id=card_id, sector=1, proof=b"old", at=rows.NOW)
        cover_proofs.add_all(connection, card_id, {1: b"new", 16: b"first"}, at=rows.LATER)
        latest = {sector: cover_proofs.latest(connection, card_id, sector) for sector in (1, 16)}
        told = {sector: (row.generation, row.proof) for sector, row in latest.items() if row is not None}
        assert told == {1: (2, b"new"), 16: (1, b"first")}
        with pytest.raises(ConstraintRefused):
            cover_proofs.add_all(
                connection, card_id, {1: b"newer", 16: bytes(cover_proofs.MAX_PROOF + 1)}, at=rows.LATER
            )
        assert cover_proofs.latest(connection, card_id, 1) == latest[1]


def test_faces_are_added_all_or_none(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.bind_card(connection, 1)
        faces = [rows.standing_of(number, bound.card_id, 1, sector) for number, sector in ((60, 0x20), (61, 0x21))]
        before = standing.of_card(connection, bound.card_id)
        with pytest.raises(StandingConflict) as caught:
            standing.add_all(connection, [faces[0], replace(faces[1], face=faces[0].face)])
        assert caught.value.evidence == {"field": "face"}
        assert standing.of_card(connection, bound.card_id) == before
        standing.add_all(connection, faces)
        assert standing.of_card(connection, bound.card_id) == (*before, *faces)


def test_a_secret_replaces_the_older_one(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        for sealed in (b"first", b"second"):
            card_secrets.store(connection, card_id, SecretKind.PUK, sealed, rows.NOW)
            assert card_secrets.get(connection, card_id, SecretKind.PUK) == sealed
