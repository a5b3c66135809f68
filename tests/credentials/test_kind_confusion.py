# SPDX-License-Identifier: Apache-2.0
"""Every kind of thing we sign, presented as every other kind and under every other key: only the right pair is accepted."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from cardservice.credentials import card_certificate, certificate_check, jose, jwks
from cardservice.credentials.certificate_profile import PivSlot
from cardservice.credentials.errors import CredentialError
from cardservice.keys import VerifyingKey
from tests.credentials.signing import (
    AUDIENCE,
    CA_SIGNER,
    CARD,
    ELIGIBILITY,
    ISSUER,
    NOW,
    PROOF_SIGNER,
    REQUEST,
    TOKEN_SIGNER,
    MemorySigner,
    ca_certificate,
    proof,
    token,
    verify_proof,
    verify_token,
)

_SIGNERS = {"token key": TOKEN_SIGNER, "proof key": PROOF_SIGNER, "card CA": CA_SIGNER, "card": CARD}


def _other_token(signer: MemorySigner) -> bytes:
    return jose.sign_token(signer, typ="kartu-receipt+jwt", claims=ELIGIBILITY.claims()).encode()


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
}

_READERS: dict[str, Callable[[bytes, VerifyingKey], object]] = {
    "eligibility token": lambda document, key: verify_token(document.decode("latin-1"), key),
    "cover proof": verify_proof,
    "card certificate": lambda document, _: certificate_check.verify(
        document, ca=ca_certificate(), slot=PivSlot.AUTHENTICATION, now=NOW
    ),
}
_RIGHT_KEY = {"eligibility token": "token key", "cover proof": "proof key", "card certificate": "card CA"}


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
