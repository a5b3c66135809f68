# SPDX-License-Identifier: Apache-2.0
"""Every kind of thing we sign, presented as every other kind and under every other key: only the right pair is accepted."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from cardservice.credentials import ca_withdrawals, card_certificate, cash_receipt, certificate_check, jose, jwks
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.errors import CredentialError
from cardservice.keys import VerifyingKey
from tests.credentials.signing import (
    AUDIENCE,
    AUDIT_SIGNER,
    CA_SIGNER,
    CARD,
    ELIGIBILITY,
    ISSUER,
    NOW,
    PROOF_SIGNER,
    RECEIPT,
    RECEIPT_SIGNER,
    REQUEST,
    TOKEN_SIGNER,
    MemorySigner,
    ca_certificate,
    proof,
    token,
    verify_proof,
    verify_token,
    withdrawals,
)

_SIGNERS = {
    "token key": TOKEN_SIGNER,
    "proof key": PROOF_SIGNER,
    "card CA": CA_SIGNER,
    "card": CARD,
    "receipt key": RECEIPT_SIGNER,
    "audit key": AUDIT_SIGNER,
}


def _other_token(signer: MemorySigner) -> bytes:
    return jose.sign_token(signer, typ="kartu-receipt+jwt", claims=ELIGIBILITY.claims()).encode()


def _audit_root(signer: MemorySigner) -> bytes:
    root = b"KJS-AUDIT-ROOT-1" + bytes(8) + int(NOW.timestamp()).to_bytes(8) + bytes(32)
    return root + signer.sign(root)


def _bare_jwt(signer: MemorySigner) -> bytes:
    return jose.sign_token(signer, typ="JWT", claims=ELIGIBILITY.claims()).encode()


_MAKERS: dict[str, Callable[[MemorySigner], bytes]] = {
    "eligibility token": lambda signer: token(signer=signer).encode(),
    "another token": _other_token,
    "plain JWT": _bare_jwt,
    "cover proof": lambda signer: proof(signer=signer),
    "card certificate": lambda signer: card_certificate.issue(signer, ca_certificate(signer), REQUEST),
    "CA certificate": lambda signer: ca_certificate(signer).public_bytes(Encoding.DER),
    "key set": lambda signer: jwks.encode([signer.verifying_key]),
    "receipt": lambda signer: cash_receipt.issue(signer, RECEIPT).encode(),
    "withdrawals": withdrawals,
    "audit root": _audit_root,
}

_READERS: dict[str, Callable[[bytes, VerifyingKey], object]] = {
    "eligibility token": lambda document, key: verify_token(document.decode("latin-1"), key),
    "cover proof": verify_proof,
    "card certificate": lambda document, _: certificate_check.verify(
        document, ca=ca_certificate(), slot=PivSlot.AUTHENTICATION, now=NOW
    ),
    "receipt": lambda document, key: cash_receipt.verify(document.decode("latin-1"), keys=[key]),
    "withdrawals": lambda document, key: ca_withdrawals.read(document, audit_keys=[key], now=NOW),
}
_RIGHT_KEY = {
    "eligibility token": "token key",
    "cover proof": "proof key",
    "card certificate": "card CA",
    "receipt": "receipt key",
    "withdrawals": "audit key",
}


@pytest.mark.parametrize("reader", _READERS)
@pytest.mark.parametrize("signed_by", _SIGNERS)
@pytest.mark.parametrize("made_as", _MAKERS)
def test_only_the_right_kind_under_the_right_key_is_accepted(made_as: str, signed_by: str, reader: str) -> None:
    document = _MAKERS[made_as](_SIGNERS[signed_by])
    key = _SIGNERS[_RIGHT_KEY[reader]].verifying_key
    if made_as == reader and signed_by == _RIGHT_KEY[reader]:
        assert _READERS[reader](document, key) is not None
    else:
        with pytest.raises(CredentialError):
            _READERS[reader](document, key)


def test_a_list_under_another_label_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit key signs audit roots too: the label in front of the digest tells them apart, and it alone refuses this one."""
    monkeypatch.setattr(ca_withdrawals, "LABEL", b"KJS-AUDIT-ROOT-1")
    other = withdrawals()
    ca_withdrawals.read(other, audit_keys=[AUDIT_SIGNER.verifying_key], now=NOW)
    monkeypatch.undo()
    with pytest.raises(CredentialError):
        ca_withdrawals.read(other, audit_keys=[AUDIT_SIGNER.verifying_key], now=NOW)


@pytest.mark.parametrize("typ", ["kartu-receipt+jwt", "JWT", "at+jwt", "kartu-eligibility", "kartu-eligibility+jwt "])
def test_even_the_right_key_and_claims_need_the_right_type(typ: str) -> None:
    other = jose.sign_token(TOKEN_SIGNER, typ=typ, claims=ELIGIBILITY.claims())
    with pytest.raises(CredentialError):
        verify_token(other)
    # The control: pinned to that type, the very same token is fine; so the type alone refused it.
    claims = jose.verify_token(
        other,
        typ=typ,
        keys=[TOKEN_SIGNER.verifying_key],
        issuer=ISSUER,
        audience=AUDIENCE,
        now=NOW,
        max_life=ELIGIBILITY.expires_at - ELIGIBILITY.issued_at,
    )
    assert claims == ELIGIBILITY.claims()
