# SPDX-License-Identifier: Apache-2.0
"""The card CA is followed by another: who is not live yet begins under the new one, and the live cards of a withdrawn one are found."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_card_key import prove_card_key
from cardservice.credentials.ca_withdrawals import CaWithdrawals, Withdrawal
from cardservice.credentials.certificate_check import key_identifier_of, verify_possession, verify_under
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.errors import (
    CertificateAuthorityWithdrawn,
    CertificateSignatureInvalid,
    PossessionNotProven,
)
from cardservice.issuance import certification, under_withdrawn
from cardservice.issuance.under_withdrawn import cards_under
from cardservice.keys import Purpose
from cardservice.records import certificates
from cardservice.records.database import Database
from cardservice.records.orders import Order
from tests.issuance.counter import START, Counter, chip_serial
from tests.issuance.key_room import KeyRoom
from tests.issuance.test_key_versions import finished, opened

SOON = START + timedelta(days=10)
CHALLENGE = bytes(range(32))
CERTIFIED = 24  # torn after the card was certified, before it is secured


@pytest.fixture
def room(tmp_path: Path) -> KeyRoom:
    (tmp_path / "keys").mkdir(mode=0o700)
    return KeyRoom(tmp_path / "keys")


def withdrawn(*authorities: bytes, named: Sequence[bytes] = ()) -> CaWithdrawals:
    """As a verifier has read it; the certificates ``named`` in it are to be believed."""
    found = {}
    for der in authorities:
        key = key_identifier_of(der)
        assert key is not None
        found[key] = Withdrawal(bytes(32), key, SOON, "token stolen")
    believed = frozenset(sha256(der).digest() for der in named)
    return CaWithdrawals(1, SOON, found, frozenset(), believed, frozenset())


def followed(room: KeyRoom, counter: Counter) -> tuple[bytes, bytes]:
    """The certificates of the CA before and after."""
    before = counter.bureau.keys.ca_certificate
    room.rotate(Purpose.CARD_CA, at=SOON)
    room.reread(counter)
    return before, counter.bureau.keys.ca_certificate


def test_the_cards_of_a_withdrawn_ca_are_found(
    room: KeyRoom, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_withdrawn, "PAGE", 1)
    counter = opened(room, database)
    old = [finished(counter, f"P-000{number}", number) for number in (1, 2)]
    before, after = followed(room, counter)
    new = finished(counter, "P-0003", 3)
    found = {one.chip_serial for one in cards_under(database, withdrawn(before))}
    assert found == {chip_serial(card) for card in old}
    assert {one.chip_serial for one in cards_under(database, withdrawn(after))} == {chip_serial(new)}
    assert list(cards_under(database, withdrawn())) == []


def test_a_verifier_refuses_a_card_of_a_withdrawn_ca_and_says_why(room: KeyRoom, sqlite_database: Database) -> None:
    counter = opened(room, sqlite_database)
    card = finished(counter, "P-0001", 1)
    before, after = followed(room, counter)
    kept = [x509.load_der_x509_certificate(der) for der in (after, before)]  # a copy of before the withdrawal
    card.reset()
    proof = run(prove_card_key(CHALLENGE), card)
    slot, now = PivSlot.CARD_AUTHENTICATION, SOON
    held = verify_under(proof.certificate, cas=kept, withdrawals=withdrawn(named=(after, before)), slot=slot, now=now)
    verify_possession(held, CHALLENGE, proof.signature)
    with pytest.raises(PossessionNotProven):
        verify_possession(held, CHALLENGE[::-1], proof.signature)

    with pytest.raises(CertificateAuthorityWithdrawn) as refused:
        verify_under(proof.certificate, cas=kept, withdrawals=withdrawn(before), slot=slot, now=now)
    assert refused.value.evidence["reason"] == "token stolen"
    # Without the list, the certificate that is gone from card-ca.pem is merely not known.
    with pytest.raises(CertificateSignatureInvalid):
        verify_under(proof.certificate, cas=kept[:1], withdrawals=withdrawn(named=(after, before)), slot=slot, now=now)
    # Nor is a certificate that somebody put beside the others: the list does not name it.
    with pytest.raises(CertificateSignatureInvalid):
        verify_under(proof.certificate, cas=kept, withdrawals=withdrawn(named=[after]), slot=slot, now=now)


def torn(counter: Counter) -> tuple[VirtualCard, Order]:
    """A card that was certified, and is not live."""
    card, order = counter.blank_card(1), counter.approved_order("P-0001")
    card.image.arm(Tear(TearMode.AFTER, CERTIFIED))
    with pytest.raises(CardTorn):
        counter.personalize(order, card)
    card.reset()
    return card, order


def test_a_torn_card_is_finished_under_the_new_ca(room: KeyRoom, database: Database) -> None:
    counter = opened(room, database)
    card, order = torn(counter)
    before, after = followed(room, counter)
    issued = counter.personalize(order, card)
    with database.read() as connection:
        (live,) = certificates.of_live_cards(connection, "", 10)
    assert live.card_id == issued.card_id
    assert list(cards_under(database, withdrawn(before))) == []
    card.reset()
    proof = run(prove_card_key(CHALLENGE), card)
    assert proof.certificate == live.der
    kept = [x509.load_der_x509_certificate(after)]
    held = verify_under(
        proof.certificate,
        cas=kept,
        withdrawals=withdrawn(before, named=[after]),
        slot=PivSlot.CARD_AUTHENTICATION,
        now=SOON,
    )
    verify_possession(held, CHALLENGE, proof.signature)


def test_sabotage_what_was_certified_is_taken_whoever_did_it(
    room: KeyRoom, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certification, "_under_the_ca_in_use", lambda *_: True)
    counter = opened(room, sqlite_database)
    card, order = torn(counter)
    before, _ = followed(room, counter)
    issued = counter.personalize(order, card)
    assert [one.card_id for one in cards_under(sqlite_database, withdrawn(before))] == [issued.card_id]
