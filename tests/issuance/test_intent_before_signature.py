# SPDX-License-Identifier: Apache-2.0
"""The CA is asked only for what stands committed in the records, in one trip; and what it signed is what was drafted."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from cryptography import x509

from cardservice.issuance import certification
from cardservice.issuance.piv_profile import PivIdentity
from cardservice.keys import Purpose
from cardservice.records import card_keys, cards, certificates
from cardservice.records.card_keys import KeyState
from cardservice.records.certificates import CertificateState
from hsm.client.faces import AskedSigner
from tests.issuance.counter import Counter, chip_serial


class KeysLost(Exception):
    """The keys did not answer."""


def intended_hashes(counter: Counter, order_id: str) -> set[bytes]:
    """What another connection sees of the order's card: hashes of TBSCertificates that are to be signed."""
    with counter.bureau.database.read() as connection:
        (card,) = cards.of_order(connection, order_id)
        rows = certificates.of_card(connection, card.card_id)
    return {row.tbs_hash for row in rows if row.state is CertificateState.INTENT}


def personalize_watching(counter: Counter, monkeypatch: pytest.MonkeyPatch, *, lost: bool = False) -> list[int]:
    """Make one card; how many documents went to the CA in each trip. ``lost``: the keys answer none of them."""
    order = counter.approved_order("P-0001")
    trips: list[int] = []
    ca = counter.bureau.keys.signer(Purpose.CARD_CA)
    sign_each = AskedSigner.sign_each

    def watched(signer: AskedSigner, documents: Sequence[bytes]) -> list[bytes]:
        if signer is ca:
            assert {sha256(each).digest() for each in documents} <= intended_hashes(counter, order.order_id)
            trips.append(len(documents))
            if lost:
                raise KeysLost
        return sign_each(signer, documents)

    monkeypatch.setattr(AskedSigner, "sign_each", watched)
    counter.personalize(order, counter.blank_card())
    return trips


def test_the_ca_is_asked_once_and_after_the_intent(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert personalize_watching(counter, monkeypatch) == [4]


def test_the_watch_goes_red_where_no_intent_is_written(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    # Sabotage: the intent is forgotten.
    monkeypatch.setattr(certification, "_intend", lambda *_: None)
    with pytest.raises(AssertionError):
        personalize_watching(counter, monkeypatch)


def test_keys_lost_before_they_sign_leave_intents_only(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeysLost):
        personalize_watching(counter, monkeypatch, lost=True)
    with counter.bureau.database.read() as connection:
        card = cards.find_by_chip_serial(connection, chip_serial(counter.blank_card(in_stock=False)))
        assert card is not None
        assert {key.state for key in card_keys.of_card(connection, card.card_id)} == {KeyState.CREATED}
        rows = certificates.of_card(connection, card.card_id)
    assert [(row.state, row.der) for row in rows] == [(CertificateState.INTENT, None)] * 4


def test_certificates_are_the_drafted_ones_under_the_ca(counter: Counter) -> None:
    issued = counter.personalize(counter.approved_order("P-0001"), counter.blank_card())
    ca = x509.load_der_x509_certificate(counter.bureau.keys.ca_certificate)
    with counter.bureau.database.read() as connection:
        rows = certificates.of_card(connection, issued.card_id)
    assert len(rows) == 4
    for row in rows:
        assert row.der is not None
        certificate = x509.load_der_x509_certificate(row.der)
        certificate.verify_directly_issued_by(ca)
        assert sha256(certificate.tbs_certificate_bytes).digest() == row.tbs_hash
        assert certificate.serial_number == int.from_bytes(row.serial)


def test_a_holder_reference_is_never_like_a_nik() -> None:
    drawn = iter([bytes(16), bytes(12), bytes.fromhex("1234567890123456"), bytes.fromhex("123456789012345A")])
    identity = PivIdentity.new(lambda length: next(drawn)[:length])
    assert identity.holder_reference == "KJS-123456789012345A"
