# SPDX-License-Identifier: Apache-2.0
"""Is this card genuine, and was it here just now: cover proof and tap, checked against a challenge of ours. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.card_edge.errors import CardEdgeError
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.tap import verify_tap
from cardservice.credentials import cover_proof, thumbprint
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.errors import CredentialError
from cardservice.keys import VerifyingKey
from cardservice.records.challenges import Challenge
from cardservice.verification.challenge import card_challenge_id, digest_of
from cardservice.verification.errors import CoverProofRefused, TapRefused


@dataclass(frozen=True, slots=True)
class VouchedKey:
    """A sector key that the scheme vouched for once. Whether it was here is for the tap, whether its card is still good for the records."""

    claims: CoverClaims
    thumbprint: bytes  # RFC 7638, 32 bytes


def vouched_key(proof: bytes, *, keys: Sequence[VerifyingKey], now: datetime) -> VouchedKey:
    """The key that a cover proof of the scheme names. Raises CoverProofRefused, and nothing else.

    A proof past its exp is taken: its life limits what may be believed offline, and here the server's own standing decides.
    """
    try:
        claims = cover_proof.verify_signed(proof, keys=keys, issuer=cover_proof.ISSUER, now=now).claims
    except CredentialError as refused:
        raise CoverProofRefused(rule=refused.code) from None
    return VouchedKey(claims, thumbprint.digest(claims.card_key))


def prove_tap(key: VouchedKey, challenge: Challenge, sector: int, signature: bytes) -> None:
    """Raise TapRefused unless this key signed this challenge in this sector."""
    try:
        verify_tap(
            key.claims.card_key, sector_aid(sector), card_challenge_id(challenge), digest_of(challenge), signature
        )
    except CardEdgeError as refused:
        raise TapRefused(rule=str(refused.evidence.get("rule", refused.code))) from None
