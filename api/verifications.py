# SPDX-License-Identifier: Apache-2.0
"""``POST /v1/verifications``: what a card answered goes in; decision, token and receipt come out."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from api.caller import AuthenticatedCaller
from api.documentation import problems_of, worked
from api.language import preferred
from api.models import (
    CureTold,
    Due,
    Explanation,
    ReceiptTold,
    ToldReason,
    VerificationRequest,
    VerificationResponse,
)
from api.wiring import Wired
from cardservice.coverage.decision import Cure
from cardservice.texts.catalogue import Language, text
from cardservice.verification.answer import ToldCover, Verified
from cardservice.verification.presentation import Presentation
from cardservice.verification.verify import verify

router = APIRouter(tags=["verification"])


@router.post(
    "/v1/verifications",
    operation_id="createVerification",
    summary="Verify a card that answered a challenge",
    response_model=VerificationResponse,
    response_model_exclude_none=True,
    responses=problems_of("createVerification"),
    openapi_extra=worked("createVerification"),
)
async def create_verification(
    body: VerificationRequest,
    caller: AuthenticatedCaller,
    wiring: Wired,
    accept_language: Annotated[str | None, Header(description="`id` or `en`; Indonesian by default.")] = None,
) -> Response:
    """Whether the holder of the card that was just present is covered, and if not, why and what would cure it.

    A challenge is used up by its first presentation, refused or not; a second one gets `challenge-not-valid` (decision 0070). After any
    problem but `overloaded`, and after an answer that was lost on the way: ask for a new challenge and tap again.
    """
    presentation = Presentation(
        handle=body.challenge,
        terminal_id=body.terminal_id,
        purpose=body.purpose,
        sector=body.sector,
        cover_proof=body.cover_proof,
        signature=body.signature,
    )
    verified = await verify(presentation, caller, means=wiring.means, now=wiring.clock())
    language = preferred(accept_language)
    answer = _told(verified, language)
    headers = {"Content-Language": language.value, "Vary": "Accept-Language"}
    return Response(answer.model_dump_json(exclude_none=True), media_type="application/json", headers=headers)


def _told(verified: Verified, language: Language) -> VerificationResponse:
    cover = verified.cover
    return VerificationResponse(
        outcome=cover.outcome,
        programme=cover.programme,
        as_of=cover.as_of,
        until=cover.until,
        state=cover.state,
        benefit_limit=cover.benefit_limit,
        reason=cover.reason,
        reasons=_reasons(cover, language),
        explanation=_explanation(cover, language),
        cure=None if cover.cure is None else _cure(cover.cure),
        subject=verified.subject,
        token=verified.token,
        token_expires_at=verified.token_expires_at,
        receipt=ReceiptTold(receipt_id=verified.receipt.receipt_id, recorded_at=verified.receipt.recorded_at),
        # Not why: a payment is not for every verifier to know of.
        proof_is_old=None if verified.stale is None else True,
    )


def _reasons(cover: ToldCover, language: Language) -> list[ToldReason] | None:
    told = [ToldReason(code=reason, short=text(reason.text_code).short(language) or "") for reason in cover.reasons]
    return told or None


def _explanation(cover: ToldCover, language: Language) -> Explanation | None:
    if cover.text_code is None:
        return None
    words = text(cover.text_code)
    return Explanation(cause=words.cause(language, cover.evidence), remedy=words.remedy(language, cover.evidence))


def _cure(cure: Cure) -> CureTold:
    return CureTold(
        amount_rupiah=cure.amount_rupiah,
        credit_rupiah=cure.credit_rupiah,
        dues=[Due(programme=due.programme, month=str(due.month), amount_rupiah=due.amount_rupiah) for due in cure.dues],
        pay_until=cure.pay_until,
        restores_from=cure.restores_from,
        restores_through=cure.restores_through,
        restores_state=cure.restores,
        restores_benefit_limit=cure.restores_benefit_limit,
    )
