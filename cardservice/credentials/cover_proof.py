# SPDX-License-Identifier: Apache-2.0
"""The cover proof: what one sector may know about cover, signed by the scheme and kept on the card (docs/card-edge.md, "Sector").

A CWT (RFC 8392) as COSE_Sign1 (RFC 9052, 4.2), ES256, untagged, at most 231 bytes so that it fits one short SELECT response. It has one
encoding: whatever is encoded differently, or says anything else, is refused.

| key | claim | | key | claim |
|---|---|---|---|---|
| 1 | iss, text | | 8 | cnf: ``{1: {1: 2, -1: 1, -2: x(32), -3: y is odd}}`` |
| 2 | sub, the sector pseudonym, 16 bytes | | -65537 | status: ``[list number, index]`` |
| 4 | exp, seconds | | -65538 | cover: ``{programme number: YYYYMM paid through}`` |
| 6 | iat, seconds | | -65539, -65540 | rule-pack number, assurance |
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cardservice.credentials import p256, strict_cbor
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.errors import (
    KeyMalformed,
    ProofExpired,
    ProofKeyUnknown,
    ProofMalformed,
    ProofNotYetValid,
    ProofSignatureInvalid,
    ProofTooLong,
)
from cardservice.credentials.strict_cbor import NotStrictCbor
from cardservice.credentials.thumbprint import cose_kid
from cardservice.keys import Signer, VerifyingKey

MAX_LENGTH = 231  # with 6F, 84, AID, A5 and 53 around it, one short SELECT response of 256 bytes
MAX_LIFE = timedelta(days=35)
MAX_SKEW = 60  # seconds that iat may lie ahead of our clock
ES256 = -7  # COSE algorithm number (RFC 9053, 2.1)
ISSUER = "kjs"  # the scheme in proofs: a short name, for the sake of those 231 bytes (decision 0043)

_HEADER_ALG, _HEADER_KID = 1, 4


@dataclass(frozen=True, slots=True)
class CoverProof:
    """A cover proof whose signature and times hold. ``claims.card_key`` is the key that a tap must be signed with."""

    claims: CoverClaims
    kid: bytes
    encoded: bytes


def issue(signer: Signer, claims: CoverClaims) -> bytes:
    """Sign a cover proof. Raises ProofMalformed for claims that have no place in one, ProofTooLong, and whatever the signer raises."""
    kid = cose_kid(signer.verifying_key.kid)
    if kid is None:
        raise ProofMalformed(rule="the signer's kid is 8 bytes in base64url")
    if not timedelta(0) < claims.expires_at - claims.issued_at <= MAX_LIFE:
        raise ProofMalformed(rule="exp is at most 35 days after iat")
    protected = strict_cbor.encode({_HEADER_ALG: ES256, _HEADER_KID: kid})
    payload = strict_cbor.encode(claims.to_map())
    unsigned = strict_cbor.encode([protected, {}, payload, bytes(p256.SIGNATURE_LENGTH)])
    _require_short(len(unsigned))  # before the key is asked
    signature = p256.sign(signer, _signed_structure(protected, payload))
    return unsigned[: -p256.SIGNATURE_LENGTH] + signature  # it stands last, and its length is fixed


def verify(proof: bytes, *, keys: Iterable[VerifyingKey], issuer: str, now: datetime) -> CoverProof:
    """Verify a cover proof read from a card. Raises ProofRefused or, for a key of ours that is none, KeyRefused; nothing else.

    Steps: 1 length, 2 structure, 3 key, 4 signature, 5 claims, 6 times. ``now`` is aware.
    """
    verified = verify_signed(proof, keys=keys, issuer=issuer, now=now)
    late = now.astimezone(UTC) - verified.claims.expires_at
    if late >= timedelta(0):
        raise ProofExpired(seconds_late=int(late.total_seconds()))
    return verified


def verify_signed(proof: bytes, *, keys: Iterable[VerifyingKey], issuer: str, now: datetime) -> CoverProof:
    """As ``verify``, but past its exp too: that it was ours once. Online, where the server's own standing decides, this is what counts."""
    # 1. Nothing is parsed that could not be one.
    _require_short(len(proof))
    # 2. COSE_Sign1 with our protected header and an empty unprotected one.
    protected, payload, signature = _parts(_decode(proof))
    kid = _kid(_decode(protected))
    # 3. A key that we hold, by name.
    key = next((key for key in keys if cose_kid(key.kid) == kid), None)
    if key is None:
        raise ProofKeyUnknown(kid=kid.hex())
    # 4. The signature over Sig_structure.
    if not p256.verifies(key.point, _signed_structure(protected, payload), signature):
        raise ProofSignatureInvalid
    # 5. Exactly the claims of a cover proof.
    try:
        claims = CoverClaims.of_map(_decode(payload))
    except KeyMalformed:
        raise ProofMalformed(rule="cnf is a point of P-256") from None
    if claims.issuer != issuer:
        raise ProofMalformed(rule="iss is the expected issuer")
    # 6. Times.
    if not timedelta(0) < claims.expires_at - claims.issued_at <= MAX_LIFE:
        raise ProofMalformed(rule="exp is at most 35 days after iat")
    moment = now.astimezone(UTC)
    if claims.issued_at > moment + timedelta(seconds=MAX_SKEW):
        raise ProofNotYetValid(seconds_early=int((claims.issued_at - moment).total_seconds()))
    return CoverProof(claims, kid, proof)


def _require_short(length: int) -> None:
    if length > MAX_LENGTH:
        raise ProofTooLong(length=length, limit=MAX_LENGTH)


def _signed_structure(protected: bytes, payload: bytes) -> bytes:
    """RFC 9052, 4.4: context, body protected header, no external data, payload."""
    return strict_cbor.encode(["Signature1", protected, b"", payload])


def _decode(encoded: bytes) -> Any:
    try:
        return strict_cbor.decode(encoded)
    except NotStrictCbor as broken:
        raise ProofMalformed(rule=broken.rule) from None


def _parts(message: Any) -> tuple[bytes, bytes, bytes]:
    match message:
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            if unprotected:
                raise ProofMalformed(rule="an empty unprotected header")
            return protected, payload, signature
        case _:
            raise ProofMalformed(rule="COSE_Sign1 without a tag")


def _kid(header: Any) -> bytes:
    match header:
        case {1: int(algorithm), 4: bytes(kid), **others} if not others and len(kid) == 8 and type(algorithm) is int:
            if algorithm != ES256:
                raise ProofMalformed(rule="the algorithm is ES256")
            return kid
        case _:
            raise ProofMalformed(rule="a protected header of algorithm and kid (8 bytes)")
