# SPDX-License-Identifier: Apache-2.0
"""``POST /v1/renewals``: the desk relays a new cover proof to the card that it has just verified."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api.caller import AuthenticatedCaller
from api.documentation import problems_of, worked
from api.models import RenewalRequest, RenewalResponse, RenewalState
from api.wiring import Wired
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.script import Script
from cardservice.issuance.relayed_refresh import Renewed
from cardservice.verification.renewal import renew

router = APIRouter(tags=["verification"])


@router.post(
    "/v1/renewals",
    operation_id="createRenewal",
    summary="Renew the cover proof of a card that was just verified",
    response_model=RenewalResponse,
    responses=problems_of("createRenewal"),
    openapi_extra=worked("createRenewal"),
)
async def create_renewal(body: RenewalRequest, caller: AuthenticatedCaller, wiring: Wired) -> Response:
    """Where a verification says `proof_is_old`, the card can be given a new one at once; the answer of the verification does not depend on it.

    Begin with no responses. Send the commands to the card, one after the other, until one is not answered with 9000; then call again with all responses
    so far, in order. At most three calls, within a minute of the verification. A call may be repeated.
    """
    responses = [ResponseApdu.parse(octets) for octets in body.responses]
    step = await run_in_threadpool(renew, body.receipt_id, responses, caller, bureau=wiring.bureau)
    return Response(_told(step).model_dump_json(), media_type="application/json")


def _told(step: Script | Renewed) -> RenewalResponse:
    if isinstance(step, Script):
        commands = [each.command.encode() for each in step.steps]
        return RenewalResponse(state=RenewalState.GO_ON, commands=commands)
    return RenewalResponse(state=RenewalState.RENEWED if step.written else RenewalState.GOOD, commands=[])
