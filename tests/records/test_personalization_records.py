# SPDX-License-Identifier: Apache-2.0
"""What personalization writes down: journal, plans, keys, certificates, secrets, cover proofs."""

from dataclasses import replace

import pytest

from cardservice.records import card_keys, card_secrets, certificates, cover_proofs, journal, plans
from cardservice.records.card_keys import KeyState
from cardservice.records.card_secrets import SecretKind
from cardservice.records.certificates import Certificate, CertificateState
from cardservice.records.database import Database
from cardservice.records.errors import (
    CertificateConflict,
    ConstraintRefused,
    PlanConflict,
    PublicKeySeen,
    RecordNotFound,
    StateConflict,
)
from cardservice.records.journal import Phase
from cardservice.records.plans import Plan
from tests.records import rows


def intent(card_id: str, number: int = 1, slot: str = "9A", generation: int = 1) -> Certificate:
    return Certificate(
        card_id,
        slot,
        generation,
        rows.octets("serial", number, 16),
        rows.octets("tbs", number, 32),
        CertificateState.INTENT,
        rows.NOW,
    )


def test_the_journal_keeps_the_order_of_writing(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.bind_card(connection, 1)
        written = [
            journal.append(
                connection,
                bound.card_id,
                order_id=bound.order_id,
                step="keys",
                phase=phase,
                detail={"n": 1},
                at=rows.NOW,
            )
            for phase in (Phase.INTENT, Phase.OUTCOME)
        ]
        assert list(journal.of_card(connection, bound.card_id)) == written
        assert list(journal.of_card(connection, bound.card_id, bound.order_id)) == written
        assert journal.of_card(connection, bound.card_id, rows.identifier("order", 9)) == ()
        assert [entry.seq for entry in written] == [1, 2]


def test_an_order_has_one_plan(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.bind_card(connection, 1)
        plan = Plan(bound.member_id, bound.order_id, rows.octets("plan", 1, 32), b"sealed", rows.NOW)
        assert plans.store(connection, plan) == plan
        assert plans.store(connection, replace(plan, objects_sealed=b"sealed anew", created_at=rows.LATER)) == plan
        with pytest.raises(PlanConflict):
            plans.store(connection, replace(plan, plan_hash=rows.octets("plan", 2, 32)))
        assert "sealed" not in repr(plan).replace("objects_sealed", "")


def test_a_wiped_plan_keeps_its_hash_only(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.bind_card(connection, 1)
        plan = plans.store(connection, Plan(bound.member_id, bound.order_id, bytes(32), b"sealed", rows.NOW))
        for at in (rows.NOW, rows.LATER):  # wiping twice keeps the first moment
            plans.wipe(connection, bound.order_id, at)
        assert plans.get(connection, bound.order_id) == replace(plan, objects_sealed=None, wiped_at=rows.NOW)
        with pytest.raises(RecordNotFound):
            plans.wipe(connection, rows.identifier("order", 9), rows.NOW)


def test_a_key_is_seen_once_wherever_it_comes_back(database: Database) -> None:
    with database.begin() as connection:
        first, second = rows.bind_card(connection, 1), rows.bind_card(connection, 2)
        key = rows.card_key(1, first.card_id)
        card_keys.add(connection, key)
        for again in (
            replace(key, card_id=second.card_id),
            replace(key, slot="9C"),
            replace(key, generation=2),
            rows.card_key(2, first.card_id),  # another key in the same place
        ):
            with pytest.raises(PublicKeySeen):
                card_keys.add(connection, again)
        assert card_keys.of_card(connection, first.card_id) == (key,)
        assert card_keys.find_by_spki(connection, key.spki_sha256) == key
        assert card_keys.find_by_spki(connection, bytes(32)) is None


def test_the_latest_key_is_the_newest_that_was_not_abandoned(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        first, second = rows.card_key(1, card_id), rows.card_key(2, card_id, generation=2)
        for key in (first, second, rows.card_key(3, card_id, slot="S01")):
            card_keys.add(connection, key)
        assert card_keys.latest(connection, card_id, "9A") == second
        card_keys.set_state(connection, second, KeyState.ABANDONED)
        assert card_keys.latest(connection, card_id, "9A") == first
        card_keys.set_state(connection, first, KeyState.CERTIFIED)
        with pytest.raises(StateConflict):
            card_keys.set_state(connection, first, KeyState.ABANDONED)  # it is not CREATED any more
        with pytest.raises(RecordNotFound):
            card_keys.set_state(connection, rows.card_key(9, card_id, slot="9E"), KeyState.CERTIFIED)
        assert card_keys.latest(connection, card_id, "9E") is None


def test_a_certificate_is_intended_once_then_issued_once(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        card_keys.add(connection, rows.card_key(1, card_id))
        wanted = intent(card_id)
        assert certificates.intend(connection, wanted) == wanted
        assert certificates.intend(connection, replace(wanted, created_at=rows.LATER)) == wanted
        for other in (replace(wanted, tbs_hash=bytes(32)), replace(wanted, serial=b"\x01")):
            with pytest.raises(CertificateConflict):
                certificates.intend(connection, other)
        certificates.issue(connection, card_id, "9A", 1, der=b"DER", at=rows.LATER)
        issued = replace(wanted, state=CertificateState.ISSUED, der=b"DER", issued_at=rows.LATER)
        assert certificates.intend(connection, wanted) == issued  # a resumed step gets what was signed
        assert certificates.of_card(connection, card_id) == (issued,)
        with pytest.raises(StateConflict):
            certificates.issue(connection, card_id, "9A", 1, der=b"OTHER", at=rows.LATER)
        with pytest.raises(StateConflict):
            certificates.abandon(connection, card_id, "9A", 1)


def test_an_abandoned_certificate_is_never_issued(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        card_keys.add(connection, rows.card_key(1, card_id))
        certificates.intend(connection, intent(card_id))
        certificates.abandon(connection, card_id, "9A", 1)
        with pytest.raises(StateConflict):
            certificates.issue(connection, card_id, "9A", 1, der=b"DER", at=rows.NOW)
        with pytest.raises(RecordNotFound):
            certificates.issue(connection, card_id, "9C", 1, der=b"DER", at=rows.NOW)


def test_a_certificate_needs_a_key_and_a_serial_number_of_its_own(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        with pytest.raises(ConstraintRefused):
            certificates.intend(connection, intent(card_id))
        for number, slot in ((1, "9A"), (2, "9C")):
            card_keys.add(connection, rows.card_key(number, card_id, slot=slot))
        certificates.intend(connection, intent(card_id))
        with pytest.raises(CertificateConflict):
            certificates.intend(connection, intent(card_id, slot="9C"))  # same serial number


def test_a_secret_is_replaced(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        with pytest.raises(RecordNotFound):
            card_secrets.get(connection, card_id, SecretKind.PUK)
        for sealed in (b"first", b"second"):
            card_secrets.store(connection, card_id, SecretKind.PUK, sealed, rows.NOW)
        assert card_secrets.get(connection, card_id, SecretKind.PUK) == b"second"


def test_the_latest_cover_proof_of_a_sector(database: Database) -> None:
    with database.begin() as connection:
        card_id = rows.bind_card(connection, 1).card_id
        assert cover_proofs.latest(connection, card_id, 1) is None
        for proof in (b"one", b"two"):
            cover_proofs.add(connection, card_id=card_id, sector=1, proof=proof, at=rows.NOW)
        latest = cover_proofs.latest(connection, card_id, 1)
        assert latest is not None
        assert (latest.proof, latest.generation) == (b"two", 2)
        assert cover_proofs.latest(connection, card_id, 16) is None
        with pytest.raises(ConstraintRefused):
            cover_proofs.add(connection, card_id=card_id, sector=1, proof=bytes(232), at=rows.NOW)
