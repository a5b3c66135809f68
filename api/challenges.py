# SPDX-License-Identifier: Apache-2.0
"""``POST /v1/challenges``: a verifier says what it wants to know and where, and gets a challenge for the card."""

from fastapi import APIRouter, Response

from api.caller import AuthenticatedCaller
from api.documentation import problems_of, worked
from api.models import ChallengeRequest, ChallengeResponse
from api.wiring import Wired
from cardservice.verification.challenge import Question, issue_challenge

router = APIRouter(tags=["verification"])


@router.post(
    "/v1/challenges",
    operation_id="createChallenge",
    summary="Ask for a challenge",
    status_code=201,
    response_model=ChallengeResponse,
    response_model_exclude_none=True,
    responses=problems_of("createChallenge"),
    openapi_extra=worked("createChallenge"),
)
async def create_challenge(body: ChallengeRequest, caller: AuthenticatedCaller, wiring: Wired) -> Response:
    """A challenge for one card at this terminal, good for 60 seconds and one answer.

    Send `SELECT aid` and `INTERNAL AUTHENTICATE challenge_id | digest` to the card, then present what it answers at
    `POST /v1/verifications`.
    """
    question = Question(body.terminal_id, body.purpose, body.programme, body.service_date, body.event_at)
    issued = await issue_challenge(
        question, caller, store=wiring.store, now=wiring.clock(), randomness=wiring.randomness
    )
    answer = ChallengeResponse(
        challenge=issued.handle,
        challenge_id=issued.challenge_id,
        digest=issued.digest,
        nonce=issued.nonce,
        time=int(issued.time.timestamp()),
        verifier_id=caller.verifier_id,
        terminal_id=question.terminal_id,
        purpose=question.purpose,
        programme=question.programme,
        service_date=issued.service_date,
        event_at=issued.event_at,
        sector=issued.sector,
        aid=issued.aid.hex().upper(),
        expires_at=issued.expires_at,
    )
    return Response(answer.model_dump_json(exclude_none=True), 201, media_type="application/json")
