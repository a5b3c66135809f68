# SPDX-License-Identifier: Apache-2.0
"""What no key may sign. Each guard gets right documents with one thing wrong; without the guard, every one of them is signed."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.keys import Purpose
from hsm.errors import DocumentRefused, MalformedRequest
from hsm.guards.by_purpose import GUARDS
from tests.hsm.documents import CARD_PRIVATE_KEY, certificate_input, token_input
from tests.hsm.forbidden import audit_roots, certificates, proofs, receipts, tokens
from tests.hsm.forbidden.keys import CA, KEYS, TOKEN_KID

DOCUMENTS = {
    Purpose.ELIGIBILITY_TOKEN: tokens,
    Purpose.COVER_PROOF: proofs,
    Purpose.CARD_CA: certificates,
    Purpose.AUDIT: audit_roots,
    Purpose.RECEIPT: receipts,
}
RIGHT = [(purpose, name, document) for purpose, kind in DOCUMENTS.items() for name, document in kind.RIGHT]
FORBIDDEN = [(purpose, name, document) for purpose, kind in DOCUMENTS.items() for name, document in kind.forbidden()]


def names(cases: list[tuple[Purpose, str, bytes]]) -> list[str]:
    return [f"{purpose}: {name}" for purpose, name, _ in cases]


def is_signed(purpose: Purpose, document: bytes) -> bool:
    try:
        KEYS.signer(purpose).sign(document)
    except DocumentRefused:
        return False
    return True


@pytest.mark.parametrize(("purpose", "name", "document"), RIGHT, ids=names(RIGHT))
def test_right_documents_are_signed(purpose: Purpose, name: str, document: bytes) -> None:
    assert is_signed(purpose, document), name


@pytest.mark.parametrize(("purpose", "name", "document"), FORBIDDEN, ids=names(FORBIDDEN))
def test_forbidden_documents_are_not(purpose: Purpose, name: str, document: bytes) -> None:
    with pytest.raises(DocumentRefused) as caught:
        KEYS.signer(purpose).sign(document)
    assert caught.value.evidence["purpose"] == purpose, name


def test_a_document_of_8_kb_and_more_is_no_request_at_all() -> None:
    with pytest.raises(MalformedRequest, match="allowed length"):
        KEYS.signer(Purpose.ELIGIBILITY_TOKEN).sign(token_input(TOKEN_KID, sub="s" * 9000))


@pytest.mark.parametrize("purpose", DOCUMENTS)
def test_sabotage_without_its_guard_a_key_signs_anything(purpose: Purpose, monkeypatch: pytest.MonkeyPatch) -> None:
    forbidden = [document for kind, _, document in FORBIDDEN if kind is purpose]
    assert not any(is_signed(purpose, document) for document in forbidden)
    monkeypatch.setitem(GUARDS, purpose, lambda *_: None)
    assert all(is_signed(purpose, document) for document in forbidden)


def test_the_documents_of_one_purpose_are_refused_by_every_other() -> None:
    for purpose, _, document in RIGHT:
        for other in DOCUMENTS:
            assert is_signed(other, document) is (other is purpose)


def test_there_is_no_double_of_a_document_under_flipped_bits() -> None:
    document = certificate_input(CA, sign=lambda builder: builder.sign(CARD_PRIVATE_KEY, SHA256()))
    for position in range(0, len(document), 3):
        changed = bytearray(document)
        changed[position] ^= 0x40
        is_signed(Purpose.CARD_CA, bytes(changed))  # signed or refused, and nothing else is raised
