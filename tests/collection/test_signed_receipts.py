# SPDX-License-Identifier: Apache-2.0
"""A receipt is a signed document that its holder checks off line; signed once, outside any transaction, and void by a notice of its own."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cardservice.clock import monotonic
from cardservice.collection.cash.signed import signed_receipt
from cardservice.credentials import cash_receipt, jwks
from cardservice.credentials.cash_receipt import MAX_LENGTH, ReceiptKind
from cardservice.credentials.errors import CredentialError, TokenClaimsRefused
from cardservice.keys import Purpose, Signer
from cardservice.records import cash_documents
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound
from hsm.in_process import InProcessKeys
from tests.audit.signer import NOW
from tests.collection.counter import CODE, Counter
from tests.collection.test_group_at_once import at_once
from tests.collection.till import ONE_MONTH, table_sizes

ISSUER = "https://kartu.example"
KEYS = InProcessKeys.with_new_keys(clock=lambda: NOW, monotonic=monotonic, randomness=os.urandom)
PUBLISHED = jwks.decode(jwks.encode(KEYS.verifying_keys(Purpose.RECEIPT)))


@pytest.fixture
def counter(database: Database) -> Counter:
    made = Counter(database)
    made.take()
    return made


def signer() -> Signer:
    return KEYS.signer(Purpose.RECEIPT)


def document(
    counter: Counter,
    kind: ReceiptKind = ReceiptKind.RECEIPT,
    number: int = 1,
    ask: Callable[[], Signer] = signer,
) -> str:
    return signed_receipt(counter.database, ask, CODE, number, kind, issuer=ISSUER, at=NOW)


def test_its_holder_checks_it_with_the_published_keys_alone(counter: Counter) -> None:
    jws = document(counter)
    told = cash_receipt.verify(jws, keys=PUBLISHED)
    assert (told.kind, told.agent, told.number, told.member, told.rupiah) == (
        ReceiptKind.RECEIPT,
        CODE,
        1,
        "P-0001",
        ONE_MONTH,
    )
    assert (told.issuer, told.taken_at, told.voided_at) == (ISSUER, NOW, None)
    assert len(jws) < 500  # a QR code of version 18-M


def test_a_void_receipt_has_a_notice_of_its_own(counter: Counter) -> None:
    with pytest.raises(RecordNotFound):
        document(counter, ReceiptKind.VOID)  # it stands
    before = document(counter)
    counter.void(1)
    notice = cash_receipt.verify(document(counter, ReceiptKind.VOID), keys=PUBLISHED)
    assert (notice.kind, notice.number, notice.voided_at) == (ReceiptKind.VOID, 1, NOW)
    assert document(counter) == before  # what was handed out was handed out


def test_it_is_signed_once_and_the_keys_are_not_asked_again(counter: Counter) -> None:
    first = document(counter)
    sizes = table_sizes(counter.database)

    def away() -> Signer:
        raise ConnectionError

    assert document(counter, ask=away) == first
    assert table_sizes(counter.database) == sizes


def test_asked_from_many_sides_all_get_one_document(counter: Counter) -> None:
    assert len(set(at_once(8, lambda _: document(counter)))) == 1


def test_where_the_keys_are_away_the_receipt_stands_and_is_signed_later(counter: Counter) -> None:
    def away() -> Signer:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        document(counter, ask=away)
    assert counter.is_covered(1, NOW)
    assert cash_receipt.verify(document(counter), keys=PUBLISHED).number == 1


def test_no_transaction_is_open_while_the_keys_are_asked(counter: Counter) -> None:
    """Another writer gets in between, also on SQLite, which has one at a time."""

    def busy() -> Signer:
        counter.take(2, ONE_MONTH, "R-2")
        return signer()

    assert document(counter, ask=busy)


@pytest.mark.parametrize("changed", ["kind", "agent", "number", "member", "rupiah", "taken_at"])
def test_whatever_is_changed_it_is_not_believed(counter: Counter, changed: str) -> None:
    genuine = cash_receipt.verify(document(counter), keys=PUBLISHED)
    other = {
        "kind": {"kind": ReceiptKind.VOID, "voided_at": NOW},
        "agent": {"agent": "AGEN-8"},
        "number": {"number": 2},
        "member": {"member": "P-0002"},
        "rupiah": {"rupiah": 10 * ONE_MONTH},
        "taken_at": {"taken_at": NOW - timedelta(days=1)},
    }[changed]
    head, _, signature = document(counter).split(".")
    forged = cash_receipt.issue(signer(), replace(genuine, **other)).split(".")[1]  # type: ignore[arg-type] # fields by name
    with pytest.raises(CredentialError):
        cash_receipt.verify(f"{head}.{forged}.{signature}", keys=PUBLISHED)


def test_anothers_key_or_kind_of_document_is_not_believed(counter: Counter) -> None:
    jws = document(counter)
    for purpose in (Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF, Purpose.AUDIT):
        with pytest.raises(CredentialError):
            cash_receipt.verify(jws, keys=KEYS.verifying_keys(purpose))
    for text in ("", ".", "..", jws[:-1], jws + "A", jws.partition(".")[2], "x" * (MAX_LENGTH + 1)):
        with pytest.raises(CredentialError):
            cash_receipt.verify(text, keys=PUBLISHED)


def test_what_is_no_receipt_is_not_made() -> None:
    told = cash_receipt.ReceiptDocument(ISSUER, NOW, ReceiptKind.RECEIPT, CODE, 1, "P-0001", ONE_MONTH, NOW)
    for changed in (
        {"rupiah": 0},
        {"member": "Sari Rahayu"},
        {"voided_at": NOW},
        {"kind": ReceiptKind.VOID},
        {"issuer": ""},
    ):
        with pytest.raises(TokenClaimsRefused):
            cash_receipt.issue(signer(), replace(told, **changed))


def test_sabotage_a_document_that_is_not_kept_differs_each_time(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: each call finds what it has just made. ECDSA signs differently each time; only what was kept makes the answer one."""
    first = document(counter)
    assert document(counter) == first
    made: list[str] = []
    monkeypatch.setattr(cash_documents, "keep", lambda *given: made.append(given[4]))
    monkeypatch.setattr(cash_documents, "find", lambda *_: made.pop() if made else None)
    assert document(counter) != first
