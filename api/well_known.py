# SPDX-License-Identifier: Apache-2.0
"""The public keys that verifiers cache: of eligibility tokens, of the cover proofs that offline verifiers read from cards, and of receipts."""

from fastapi import APIRouter, Response

from api.cached_answer import IfNoneMatch, cached_answer
from api.documentation import problems_of, worked
from api.models import KeySet
from api.published_keys import PublishedKeys
from api.wiring import Wired
from cardservice.credentials import jwks

router = APIRouter(tags=["keys"])


@router.get(
    "/.well-known/jwks.json",
    operation_id="getTokenKeys",
    summary="Keys of eligibility tokens",
    response_model=KeySet,
    responses=problems_of("getTokenKeys"),
    openapi_extra=worked("getTokenKeys"),
)
async def token_keys(wiring: Wired, if_none_match: IfNoneMatch = None) -> Response:
    """The keys that eligibility tokens are verified with, the one that signs now first, its successor after it."""
    return await _key_set(wiring.token_keys, if_none_match)


@router.get(
    "/.well-known/cover-proof-keys.json",
    operation_id="getCoverProofKeys",
    summary="Keys of cover proofs",
    response_model=KeySet,
    responses=problems_of("getCoverProofKeys"),
    openapi_extra=worked("getCoverProofKeys"),
)
async def cover_proof_keys(wiring: Wired, if_none_match: IfNoneMatch = None) -> Response:
    """The keys that an offline verifier checks the cover proofs on cards with."""
    return await _key_set(wiring.cover_proof_keys, if_none_match)


@router.get(
    "/.well-known/receipt-keys.json",
    operation_id="getReceiptKeys",
    summary="Keys of receipts",
    response_model=KeySet,
    responses=problems_of("getReceiptKeys"),
    openapi_extra=worked("getReceiptKeys"),
)
async def receipt_keys(wiring: Wired, if_none_match: IfNoneMatch = None) -> Response:
    """The keys that anybody checks a receipt for cash with, years later too."""
    return await _key_set(wiring.receipt_keys, if_none_match)


async def _key_set(published: PublishedKeys, if_none_match: str | None) -> Response:
    return cached_answer(jwks.encode(await published.current()), jwks.MEDIA_TYPE, if_none_match)
